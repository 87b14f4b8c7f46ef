import { encodeConnection } from '../../messages/connection.ts'
import { SshWriter } from '../../messages/fields.ts'
import { writeEnv, writeExitStatus, writeText } from '../session-requests.ts'
import type { PlayedChannel, PlayedEnd } from './end.suite.ts'
import type { PlayedSession } from './session.suite.ts'

/** Who may break the protocol. */
export type Manners = 'both keep it' | 'the client breaks it' | 'the target breaks it'

/** Something that happens; what its numbers choose from depends on what there is. */
export interface Step {
  readonly what: string
  readonly pick: number
  readonly size: number
  readonly yes: boolean
}

const NOTHING = Buffer.alloc(0)

const pickFrom = <T>(from: readonly T[], pick: number): T | undefined => from[pick % Math.max(1, from.length)]

const channelsOf = ({ channels }: PlayedEnd, kind?: RegExp): PlayedChannel[] =>
  [...channels.values()].filter(
    one => one.open && !one.said.close && !one.heardClose && (!kind || kind.test(one.kind)),
  )

const tcpip = (host: string, port: number): Buffer =>
  new SshWriter().string(host).uint32(port).string('127.0.0.1').uint32(1).take()
const terminal = (): Buffer =>
  new SshWriter().string('xterm').uint32(80).uint32(24).uint32(0).uint32(0).string('').take()
const socket = (path: string): Buffer => new SshWriter().string(path).string('').uint32(0).take()

type Happening = (session: PlayedSession, step: Step) => void

const markOf = ({ marks }: PlayedSession, end: PlayedEnd, channel: PlayedChannel): number => {
  const mark = marks.get(channel) ?? end.mark()
  marks.set(channel, mark)
  return mark
}

/** What may be said on a channel, whichever it is and whatever was said on it. */
function unruly(end: PlayedEnd, { pick, size, yes }: Step): void {
  const known = pickFrom([...end.known], size)
  if (known === undefined) return
  // Seldom a channel that never has been, as that ends the session at once.
  const recipient = size % 64 === 63 ? size : known
  const data = Buffer.alloc(size % 3_000, 0x7f)
  const messages = [
    { type: 'data', recipient, data },
    { type: 'extended_data', recipient, code: 1, data },
    { type: 'window_adjust', recipient, bytes: size * 65_537 },
    { type: 'eof', recipient },
    { type: 'close', recipient },
    { type: 'success', recipient },
    { type: 'failure', recipient },
    { type: 'request', recipient, name: 'exec', wantReply: yes, data: writeText('touch unruly') },
    { type: 'request', recipient, name: 'shell', wantReply: yes, data: NOTHING },
    { type: 'request', recipient, name: 'pty-req', wantReply: yes, data: yes ? terminal() : data },
    { type: 'request', recipient, name: 'auth-agent-req@openssh.com', wantReply: yes, data: NOTHING },
    { type: 'request', recipient, name: 'signal', wantReply: yes, data: writeText('TERM') },
    { type: 'request', recipient, name: 'exit-status', wantReply: yes, data: writeExitStatus(0) },
    { type: 'confirmation', recipient, sender: pick, window: size, maxPacket: size, data: NOTHING },
    { type: 'open_failure', recipient, reason: 1, text: 'no' },
    { type: 'open', channel: 'session', sender: pick, window: size, maxPacket: size, data: NOTHING },
    {
      type: 'open',
      channel: 'auth-agent@openssh.com',
      sender: pick,
      window: size,
      maxPacket: 9,
      data: NOTHING,
    },
    {
      type: 'open',
      channel: 'forwarded-tcpip',
      sender: pick,
      window: 9,
      maxPacket: 9,
      data: tcpip('localhost', 8080),
    },
    { type: 'request_success', data: NOTHING },
    // Half a message.
    encodeConnection({ type: 'eof', recipient }).subarray(0, 1 + (size % 4)),
  ] as const
  const message = pickFrom(messages, pick)
  if (message) end.say(message)
}

const client = (
  kind: RegExp | undefined,
  act: (session: PlayedSession, channel: PlayedChannel, step: Step) => void,
): Happening => {
  return (session, step) => {
    const channel = pickFrom(channelsOf(session.client, kind), step.pick)
    if (channel) act(session, channel, step)
  }
}

const target = (act: (session: PlayedSession, channel: PlayedChannel, step: Step) => void): Happening => {
  return (session, step) => {
    const channel = pickFrom(
      channelsOf(session.target).filter(one => one.kind !== 'session' || one.started),
      step.pick,
    )
    if (channel) act(session, channel, step)
  }
}

/** All that can happen in a session, by who does it. */
export const HAPPENINGS: Readonly<Record<string, Happening>> = {
  'client opens a session': ({ client: end }, { size }) => void end.ask('session', size * 50, NOTHING),
  'client opens a forward': ({ client: end }, { size, yes }) =>
    void (yes
      ? end.ask('direct-tcpip', size, tcpip('db', 5432))
      : end.ask('direct-streamlocal@openssh.com', size, socket('/run/app'))),
  'client opens what is refused': ({ client: end }, { size, yes }) =>
    void (yes
      ? end.ask('direct-tcpip', size, tcpip('other', 22))
      : end.ask('tun@openssh.com', size, NOTHING)),
  'client opens a jump': ({ client: end }, { size }) =>
    void end.ask('direct-tcpip', size, tcpip('web-1', 22)),
  'client prepares': client(undefined, ({ client: end }, channel, { pick, yes }) => {
    const requests: [string, Buffer][] = [
      ['pty-req', terminal()],
      ['env', writeEnv('LANG', 'C')],
      ['window-change', new SshWriter().uint32(90).uint32(30).uint32(0).uint32(0).take()],
      ['auth-agent-req@openssh.com', NOTHING],
      ['x11-req', NOTHING],
      ['odd@example.com', NOTHING],
      ['signal', writeText('INT')],
    ]
    const [name, data] = requests[pick % requests.length] ?? ['env', NOTHING]
    end.request(channel, name, data, yes)
  }),
  'client starts': client(/^session$/, (session, channel, { size, yes }) => {
    if (channel.started) return
    channel.started = true
    const command = size % 5 === 0 ? 'rm -rf x' : `run ${++session.programs}`
    if (size % 3 === 0) session.client.request(channel, 'shell', NOTHING, yes)
    else session.client.request(channel, 'exec', writeText(command), yes)
  }),
  'client sends data': client(undefined, (session, channel, { size }) => {
    if (channel.said.eof || (channel.kind === 'session' && !channel.started)) return
    session.client.data(channel, markOf(session, session.client, channel), size)
  }),
  'client ends its data': client(undefined, ({ client: end }, channel) => {
    if (!channel.said.eof && (channel.kind !== 'session' || channel.started)) end.eof(channel)
  }),
  'client widens': client(undefined, ({ client: end }, channel, { size }) => end.adjust(channel, size)),
  'client closes': ({ client: end }, { pick }) => {
    const closing = [...end.channels.values()].filter(one => one.open && !one.said.close)
    const channel = pickFrom(closing, pick)
    if (channel) end.close(channel)
  },
  'client wants a port': ({ client: end }, { yes, size }) => {
    const name = size % 4 === 0 ? 'cancel-tcpip-forward' : 'tcpip-forward'
    if (yes) end.questions++
    const data = new SshWriter().string('localhost').uint32(8080).take()
    end.say({ type: 'global_request', name, wantReply: yes, data })
  },
  'client asks whether we live': ({ client: end }) => {
    end.questions++
    end.say({ type: 'global_request', name: 'keepalive@openssh.com', wantReply: true, data: NOTHING })
  },
  'client answers': ({ client: end }, { yes, size }) => {
    end.answerRequest(yes)
    end.answerOpening(yes, size)
  },
  'client hears': ({ client: end }, { size }) => {
    for (let left = (size % 6) + 1; left > 0 && end.hear(); left--);
  },
  'target hears': ({ target: end }, { size }) => {
    for (let left = (size % 6) + 1; left > 0 && end.hear(); left--);
  },
  'target opens': ({ target: end, agents, listening }, { size }) => {
    if ([...end.channels.values()].some(channel => agents.has(channel) && !channel.said.close))
      end.ask('auth-agent@openssh.com', size, NOTHING)
    if (listening.size > 0) end.ask('forwarded-tcpip', size, tcpip('localhost', 8080))
  },
  'target answers an opening': ({ target: end }, { size, yes }) =>
    void end.answerOpening(yes || size % 2 === 0, size * 20),
  'target answers a request': (session, { yes }) => {
    session.target.answerRequest(yes)
    session.answerAboutPort(yes)
  },
  'target sends data': target((session, channel, { size }) => {
    if (!channel.said.eof) session.target.data(channel, markOf(session, session.target, channel), size)
  }),
  'target ends its data': target(({ target: end }, channel) => {
    if (!channel.said.eof) end.eof(channel)
  }),
  'target tells a status': target(({ target: end }, channel, { size }) => {
    if (channel.kind === 'session') end.request(channel, 'exit-status', writeExitStatus(size % 3), false)
  }),
  'target widens': target(({ target: end }, channel, { size }) => end.adjust(channel, size)),
  'target closes': ({ target: end }, { pick }) => {
    const closing = [...end.channels.values()].filter(
      one => one.open && !one.said.close && (one.heardClose || one.started || one.kind !== 'session'),
    )
    const channel = pickFrom(closing, pick)
    if (channel) end.close(channel)
  },
  'evidence is durable': (session, { size }) => session.release((size % 4) + 1),
  'a notice': ({ guard }) => guard.notice('breakglass: five minutes are left.'),
  'client is unruly': ({ client: end }, step) => unruly(end, step),
  'target is unruly': ({ target: end }, step) => unruly(end, step),
}

/** What has to happen more often than the rest, or most sessions would hardly begin. */
const OFTEN: Readonly<Record<string, number>> = {
  'client opens a session': 2,
  'client prepares': 2,
  'client starts': 5,
  'client sends data': 5,
  'client hears': 8,
  'target hears': 8,
  'target answers an opening': 4,
  'target answers a request': 3,
  'target sends data': 5,
  'evidence is durable': 6,
}

/** What may happen in sessions of such people, each as often as it shall. */
export function happenings(manners: Manners): string[] {
  const unruly = {
    'both keep it': 'nobody',
    'the client breaks it': 'client',
    'the target breaks it': 'target',
  }
  return Object.keys(HAPPENINGS)
    .filter(name => !name.endsWith(' is unruly') || name === `${unruly[manners]} is unruly`)
    .flatMap(name => Array.from({ length: OFTEN[name] ?? 1 }, () => name))
}
