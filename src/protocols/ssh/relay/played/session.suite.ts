import type { Action, Permit, SessionEnd, StreamEvent } from '../../../../target/action.ts'
import { RecordingGuard } from '../../../../target/recording-guard.suite.ts'
import type { SshTarget } from '../../dial/target.ts'
import type { SshClient } from '../../login/client.ts'
import { SshReader } from '../../messages/fields.ts'
import { describe, readDirectStreamlocal, readDirectTcpip } from '../session-requests.ts'
import { PlayedEnd, type PlayedChannel } from './end.suite.ts'
import { relay } from '../relay.ts'

const LOGIN = 'bg_played'
const NOTHING = Buffer.alloc(0)
const RULES = {
  evidence: 'before',
  resultBytes: 1 << 24,
  host: {
    never: ['rm *'],
    forward: ['db:5432', 'unix:/run/app'],
    allow: ['agent_forwarding', 'remote_forwarding'],
  },
} as const
/** What has an end of its own and so an outcome. */
const LASTS = /^(?:shell|exec|subsystem|forward|jump|remote_forwarding|\w+_channel)$/

/** A guard whose permits and durable input are known before the relay hears of them. */
class KnownGuard extends RecordingGuard {
  readonly permitted = new Map<number, Action>()
  /** Of each action, how much of its input is durable. */
  readonly durable = new Map<number, string>()

  override submit(action: Action): Permit | Promise<Permit> {
    const permit = super.submit(action)
    const know = (known: Permit): Permit => {
      if (known.forward) this.permitted.set(known.seq, action)
      return known
    }
    return permit instanceof Promise ? permit.then(know) : know(permit)
  }

  override stream(seq: number, events: readonly StreamEvent[]): void
  override stream(seq: number, events: readonly StreamEvent[], wait: 'before'): boolean | Promise<boolean>
  override stream(seq: number, events: readonly StreamEvent[], wait?: 'before'): boolean | Promise<boolean> {
    if (!wait) {
      super.stream(seq, events)
      return true
    }
    const goesOn = super.stream(seq, events, wait)
    const know = (known: boolean): boolean => {
      const text = events.map(([, code, part]) => (code === 'i' ? part : '')).join('')
      if (known) this.durable.set(seq, (this.durable.get(seq) ?? '') + text)
      return known
    }
    return goesOn instanceof Promise ? goesOn.then(know) : know(goesOn)
  }
}

/** A client and a target that a test plays, the relay between them, and a witness of what reaches the target. */
export class PlayedSession {
  readonly faults: string[] = []
  readonly client = new PlayedEnd('client', 10)
  readonly target = new PlayedEnd('target', 500)
  readonly guard = new KnownGuard(RULES)
  readonly marks = new WeakMap<PlayedChannel, number>()
  readonly #evidence: (() => void)[] = []
  /** By the target's channel, the action that runs there. */
  readonly running = new Map<PlayedChannel, number>()
  /** Channels of the target on which an agent was asked for. */
  readonly agents = new WeakSet<PlayedChannel>()
  /** The target listens. */
  readonly listening = new Set<string>()
  readonly #terminals = new WeakSet<PlayedChannel>()
  readonly #used = new Set<number>()
  readonly end: Promise<SessionEnd>
  programs = 0
  /** How often what happened at the target and the client, so that a test can tell whether anything did. */
  readonly seen = new Map<string, number>()

  constructor(held: boolean) {
    if (held) this.guard.awaitEvidence(() => new Promise(resolve => void this.#evidence.push(resolve)))
    const gone = new AbortController()
    const client = {
      transport: this.client.transport,
      remote: '127.0.0.1:1',
      closed: gone.signal,
      accept: (events: PlayedEnd['events']) => void (this.client.events = events),
    } as unknown as SshClient
    const target = {
      transport: this.target.transport,
      login: LOGIN,
      forced: undefined,
      place: { name: 'web-1', host: '10.0.0.1', port: 22 },
      attach: (events: PlayedEnd['events']) => void (this.target.events = events),
    } as unknown as SshTarget
    const count = (what: string): void => void this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
    this.client.watch = message => count(`to the client: ${message.type}`)
    this.target.watch = (message, channel) => {
      count(`to the target: ${message.type === 'request' ? message.name : message.type}`)
      if (message.type === 'open') this.#opening(message.channel, message.data)
      if (message.type === 'request') this.#asked(channel, message.name, message.data)
      if (message.type === 'data' && channel) this.#input(channel)
      if (message.type === 'eof' && channel) this.#inputEnds(channel)
      if (message.type === 'global_request' && /forward/.test(message.name)) this.#listening(message.name)
    }
    this.end = relay(client, target, this.guard)
    // Nobody is at this client's terminal.
    gone.abort()
  }

  /** The action that permits what reaches the target, which must be there by then; each permits one thing. */
  #permittedBy(kind: string, text: string | undefined): number | undefined {
    const found = [...this.guard.permitted].find(
      ([seq, action]) => !this.#used.has(seq) && action.kind === kind && action.text === text,
    )
    if (found) this.#used.add(found[0])
    else this.faults.push(`at the target without a permit: ${kind} ${text ?? ''}`)
    return found?.[0]
  }

  #opening(kind: string, data: Buffer): void {
    if (kind === 'session') return
    const to = kind === 'direct-tcpip' ? readDirectTcpip(data) : readDirectStreamlocal(data)
    this.#permittedBy('forward', describe(to))
  }

  #listening(name: string): void {
    if (!name.startsWith('cancel')) this.#permittedBy('remote_forwarding', 'localhost:8080')
  }

  /** Without a channel: a target that breaks the protocol confirms numbers that it does not have. */
  #asked(channel: PlayedChannel | undefined, name: string, data: Buffer): void {
    switch (name) {
      case 'exec':
      case 'shell':
      case 'subsystem': {
        if (channel?.started) this.faults.push('two programs on a channel')
        if (channel) channel.started = true
        const seq = this.#permittedBy(name, name === 'shell' ? undefined : new SshReader(data).text())
        if (seq !== undefined && channel) this.running.set(channel, seq)
        return
      }
      case 'auth-agent-req@openssh.com':
        this.#permittedBy('agent_forwarding', name)
        if (channel) this.agents.add(channel)
        return
      case 'x11-req':
      case 'odd@example.com':
        this.faults.push(`at the target: ${name}`)
        return
      case 'pty-req':
        if (channel?.started) this.faults.push('a terminal for what runs already')
        if (channel) this.#terminals.add(channel)
        return
    }
  }

  #input(channel: PlayedChannel): void {
    if (channel.kind !== 'session') return
    const seq = this.running.get(channel)
    const durable = seq === undefined ? '' : (this.guard.durable.get(seq) ?? '')
    if (durable.length < channel.marked) this.faults.push('input at the target before its evidence')
  }

  /** What was piped in is known by its digest before the program can act on its end; not at the end of all, when it goes as well. */
  #inputEnds(channel: PlayedChannel): void {
    const seq = this.running.get(channel)
    if (seq === undefined || channel.got === 0 || this.#terminals.has(channel) || this.guard.relayOver) return
    const told = [...this.guard.permitted.values()].some(
      ({ kind, detail }) => kind === 'input_end' && detail?.['of'] === seq && detail['bytes'] === channel.got,
    )
    if (!told) this.faults.push('the end of input at the target before its evidence')
  }

  /** The target answers the oldest request about its ports. */
  answerAboutPort(granted: boolean): void {
    const name = this.target.owedGlobals.shift()
    if (name === undefined) return
    if (granted && name.startsWith('cancel')) this.listening.clear()
    else if (granted) this.listening.add(name)
    this.target.say(granted ? { type: 'request_success', data: NOTHING } : { type: 'request_failure' })
  }

  /** Some of what waits for its evidence goes on, in order. */
  release(count: number): void {
    for (const resolve of this.#evidence.splice(0, count)) resolve()
  }

  /** What the recording of a finished run must hold. */
  account(): string[] {
    const faults = [...this.faults, ...this.client.faults, ...this.target.faults]
    for (const [seq, action] of this.guard.permitted)
      if (LASTS.test(action.kind) && !this.guard.outcomes.has(seq))
        faults.push(`no outcome of ${action.kind}`)
    for (const seq of this.guard.outcomes.keys())
      if (!this.guard.actions[seq - 1]) faults.push(`an outcome of nothing`)
    return faults
  }
}
