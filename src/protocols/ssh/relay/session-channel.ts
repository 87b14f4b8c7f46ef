import { judgeCommand } from '../inspect/judge-command.ts'
import { judgeRequest, judgeShell, judgeSubsystem } from '../inspect/judge-request.ts'
import type { ChannelRequest } from '../messages/connection.ts'
import { createScp } from '../scp/scp.ts'
import { scpDirection } from '../scp/scp-direction.ts'
import { createSftp } from '../sftp/sftp.ts'
import type { Action, Permit } from '../../../target/action.ts'
import type { Channel, Said } from './channel.ts'
import { type RelayContext, refusalWords, submitThen } from './context.ts'
import { Program } from './program.ts'
import {
  MOST_ENV,
  type Preparation,
  readEnv,
  readOneText,
  readSize,
  readTerminal,
  writeExitStatus,
  writeText,
} from './session-requests.ts'
import { Transfer } from './transfer.ts'

/** What a refused program leaves with: `command cannot execute`, as shells say it. */
const REFUSED_STATUS = 126
/** Forced commands that speak sftp; sshd gives its own one to those only who ask for the subsystem. */
const SFTP_SERVER = /^(internal-sftp|\/\S*\/sftp-server)(?:\s[^;&|<>$`()]*)?$/
const OUR_ENV = /^BREAKGLASS_/i

/** A request of the client on a session channel (RFC 4254 §6). What is not known here is refused and recorded. */
export function sessionRequest(
  channel: Channel,
  request: ChannelRequest,
  context: RelayContext,
): void | Promise<void> {
  switch (request.name) {
    case 'pty-req':
      return prepare(channel, request, () => {
        channel.preparation.terminal = readTerminal(request.data)
        return true
      })
    case 'env':
      return prepare(channel, request, ({ preparation }) => keepVariable(preparation, request.data))
    case 'window-change':
      if (!channel.started) return resize(channel, request)
      return whatRuns(channel, request, context)
    case 'signal':
    case 'break':
    case 'eow@openssh.com':
      return whatRuns(channel, request, context)
    case 'shell':
    case 'exec':
    case 'subsystem':
      return start(channel, request, context)
    case 'auth-agent-req@openssh.com':
      return permission(channel, request, 'agent_forwarding', context)
    case 'x11-req':
      return permission(channel, request, 'x11_forwarding', context)
    default:
      return permission(channel, request, undefined, context)
  }
}

/** Goes on to the target, whose answer becomes ours. */
function pass(channel: Channel, request: ChannelRequest): void {
  if (channel.tell('target', request) && request.wantReply) channel.expectFromTarget()
}

function answer(channel: Channel, { wantReply }: ChannelRequest, type: 'success' | 'failure'): void {
  if (wantReply) channel.replies.now({ type })
}

/** Of what is to run, and so only before it does (RFC 4254 §6.2, §6.4): it goes on record with it. */
function prepare(channel: Channel, request: ChannelRequest, keep: (channel: Channel) => boolean): void {
  if (channel.started || !keep(channel)) return answer(channel, request, 'failure')
  return pass(channel, request)
}

function keepVariable({ env: known }: Preparation, data: Buffer): boolean {
  const { name, value } = readEnv(data)
  if (OUR_ENV.test(name) || known.length >= MOST_ENV) return false
  known.push(`${name}=${value}`.slice(0, 1000))
  return true
}

/** A terminal that changes before anything runs in it is the one that goes on record. */
function resize(channel: Channel, request: ChannelRequest): void {
  const { preparation } = channel
  return prepare(channel, request, () => {
    if (!preparation.terminal) return false
    preparation.terminal = { ...preparation.terminal, ...readSize(request.data) }
    return true
  })
}

/** Reaches what runs once it is recorded; where nothing runs there is nothing to reach (RFC 4254 §6.9). */
function whatRuns(channel: Channel, request: ChannelRequest, context: RelayContext): void | Promise<void> {
  const recorded = channel.flow?.asked?.(request.name, request.data) ?? false
  context.guard.touch()
  const act = (goesOn: boolean): void => {
    if (goesOn) pass(channel, request)
    else answer(channel, request, 'failure')
  }
  return recorded instanceof Promise ? recorded.then(act) : act(recorded)
}

/** Agent, X11, and whatever else a client may think of. */
function permission(
  channel: Channel,
  request: ChannelRequest,
  kind: 'agent_forwarding' | 'x11_forwarding' | undefined,
  context: RelayContext,
): void | Promise<void> {
  const objections = judgeRequest(kind ?? 'channel_request', context.guard.rules)
  const action: Action = {
    kind: kind ?? 'channel_request',
    verbs: [],
    writes: false,
    text: request.name,
    objections,
  }
  return submitThen(context, action, permit => {
    if (permit.forward) {
      if (kind) channel.allowed.add(kind)
      return pass(channel, request)
    }
    if (kind) tell(channel, refusalWords(permit, context.guard.rules))
    return answer(channel, request, 'failure')
  })
}

/** Before something runs there is nowhere to say it. */
function tell(channel: Channel, words: string): void {
  if (channel.flow?.notice) channel.flow.notice(words)
  else channel.owedWords.push(words)
}

function start(channel: Channel, request: ChannelRequest, context: RelayContext): void | Promise<void> {
  if (channel.started) return answer(channel, request, 'failure')
  channel.started = true
  const action = programAction(channel, request, context)
  return submitThen(context, action, permit => {
    if (!permit.forward) return turnAway(channel, request, permit, context)
    channel.flow = flowOf(channel, action, permit, context)
    return pass(channel, request)
  })
}

function programAction(channel: Channel, request: ChannelRequest, { guard, forced }: RelayContext): Action {
  const { terminal, env: variables } = channel.preparation
  const detail = {
    ...(terminal && { term: terminal.term, cols: terminal.cols, rows: terminal.rows }),
    ...(variables.length > 0 && { env: variables.join('\n') }),
    ...(forced !== undefined && { forced }),
  }
  const common = Object.keys(detail).length > 0 ? { detail } : {}
  if (request.name === 'shell')
    return { kind: 'shell', verbs: [], writes: true, ...common, objections: judgeShell(guard.rules) }
  const text = readOneText(request.data)
  if (request.name === 'subsystem')
    return {
      kind: 'subsystem',
      verbs: [text.slice(0, 60)],
      writes: false,
      text,
      ...common,
      objections: judgeSubsystem(text, guard.rules),
    }
  // Not as parts: which of its commands ran, and what came of each, only the shell at the target knows.
  const { verbs, writes, touched, objections } = judgeCommand(text, guard.rules)
  return {
    kind: 'exec',
    verbs,
    writes,
    ...(touched && { touched }),
    text,
    ...common,
    // A command works while nobody types; at a terminal only who types is there.
    ...(!terminal && { beside: true }),
    objections,
  }
}

/** By what runs, which is not what was asked for where something is forced. */
function flowOf(
  channel: Channel,
  action: Action,
  { seq }: Permit,
  context: RelayContext,
): Program | Transfer {
  const { guard, now, forced } = context
  const command = forced ?? action.text
  const server = forced === undefined ? 'internal-sftp' : SFTP_SERVER.exec(forced)?.[1]
  if (server !== undefined && (server !== 'internal-sftp' || action.kind === 'subsystem'))
    return new Transfer({ seq, channel, guard, now, sayRefusals: true, create: createSftp })
  const direction = command === undefined ? undefined : scpDirection(command)
  if (direction)
    return new Transfer({
      seq,
      channel,
      guard,
      now,
      sayRefusals: false,
      create: ports => createScp(direction, ports),
    })
  return new Program({
    seq,
    channel,
    guard,
    terminal: channel.preparation.terminal,
    command,
    now,
  })
}

/** Says why where the person reads it, and ends the channel as a program that could not be run. */
function turnAway(channel: Channel, request: ChannelRequest, permit: Permit, { guard }: RelayContext): void {
  answer(channel, request, 'success')
  const words = [...channel.owedWords, refusalWords(permit, guard.rules)]
  for (const line of words)
    channel.say(Buffer.from(`${line}\r\n`), channel.preparation.terminal === undefined)
  channel.tell('client', exitStatus(REFUSED_STATUS))
  channel.eofToClient()
  channel.closeToClient()
  channel.closeToTarget()
}

/** Tells the client how its program ended (RFC 4254 §6.10). */
export function exitStatus(status: number): Said {
  return { type: 'request', name: 'exit-status', wantReply: false, data: writeExitStatus(status) }
}

/** What kills a program at the target before its channel goes (RFC 4254 §6.9). */
export const KILL: Said = { type: 'request', name: 'signal', wantReply: false, data: writeText('KILL') }
