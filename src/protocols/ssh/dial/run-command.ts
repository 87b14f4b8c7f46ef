import { Fault } from '../../../kernel/faults.ts'
import { decodeConnection, encodeConnection } from '../messages/connection.ts'
import { SshReader, SshWriter } from '../messages/fields.ts'
import type { TargetLink } from './target-link.ts'

export interface Command {
  readonly command: string
  readonly stdin?: Buffer
  /** Variables to ask for; the server takes those its AcceptEnv names. */
  readonly env?: Readonly<Record<string, string>>
  /** `sftp`: starts that subsystem instead of a command. */
  readonly subsystem?: string
  readonly timeoutMs: number
}

export interface CommandResult {
  readonly stdout: string
  readonly stderr: string
  /** Undefined when a signal ended it or the server said nothing. */
  readonly status: number | undefined
}

const OURS = 0
const WINDOW = 1024 * 1024
const PACKET = 32 * 1024
/** Of each of its outputs. */
const MOST_OUTPUT = 256 * 1024

/**
 * Runs one command of ours over a link of ours and closes the link. Faults: `target.unreachable` when the link ends or nothing comes in
 * time, `target.misconfigured` when the server will not run it.
 */
export function runCommand(link: TargetLink, asked: Command): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const { transport } = link
    const outputs = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    const sizes = { stdout: 0, stderr: 0 }
    let theirs = 0
    let room = 0
    let maxPacket = PACKET
    let status: number | undefined
    let stdin = asked.stdin ?? Buffer.alloc(0)
    let sentEof = false
    const timer = setTimeout(
      () =>
        settle(
          new Fault(
            'target.unreachable',
            `a command of ours gave no answer within ${asked.timeoutMs / 1000} s.`,
          ),
        ),
      asked.timeoutMs,
    )

    const settle = (outcome: Fault | CommandResult): void => {
      clearTimeout(timer)
      transport.destroy()
      if (outcome instanceof Fault) reject(outcome)
      else resolve(outcome)
    }
    const done = (): void =>
      settle({
        stdout: Buffer.concat(outputs.stdout).toString(),
        stderr: Buffer.concat(outputs.stderr).toString(),
        status,
      })
    const send = (message: Parameters<typeof encodeConnection>[0]): void =>
      transport.send(encodeConnection(message))
    const request = (name: string, data: Buffer, wantReply: boolean): void =>
      send({ type: 'request', recipient: theirs, name, wantReply, data })
    const pour = (): void => {
      while (stdin.length > 0 && room > 0) {
        const part = stdin.subarray(0, Math.min(stdin.length, room, maxPacket))
        send({ type: 'data', recipient: theirs, data: part })
        room -= part.length
        stdin = stdin.subarray(part.length)
      }
      if (stdin.length > 0 || sentEof) return
      sentEof = true
      send({ type: 'eof', recipient: theirs })
    }
    const take = (which: 'stdout' | 'stderr', data: Buffer): void => {
      sizes[which] += data.length
      if (sizes[which] <= MOST_OUTPUT) outputs[which].push(data)
      send({ type: 'window_adjust', recipient: theirs, bytes: data.length })
    }

    link.attach({
      ready: () => undefined,
      closed: () => settle(new Fault('target.unreachable', 'the target closed the connection.')),
      message(payload) {
        const message = decodeConnection(payload)
        switch (message?.type) {
          case 'confirmation': {
            theirs = message.sender
            room = message.window
            maxPacket = message.maxPacket
            for (const [name, value] of Object.entries(asked.env ?? {}))
              request('env', new SshWriter().string(name).string(value).take(), false)
            if (asked.subsystem === undefined)
              request('exec', new SshWriter().string(asked.command).take(), true)
            else request('subsystem', new SshWriter().string(asked.subsystem).take(), true)
            return
          }
          case 'success':
            return pour()
          case 'failure':
          case 'open_failure':
            return settle(
              new Fault('target.misconfigured', 'the target does not run commands for this certificate.'),
            )
          case 'window_adjust':
            room += message.bytes
            return sentEof ? undefined : pour()
          case 'data':
            return take('stdout', message.data)
          case 'extended_data':
            return take('stderr', message.data)
          case 'request':
            if (message.name === 'exit-status') status = new SshReader(message.data).uint32()
            if (message.wantReply) send({ type: 'failure', recipient: theirs })
            return
          case 'close':
            return done()
          case 'global_request':
            if (message.wantReply) send({ type: 'request_failure' })
            return
          default:
            return undefined
        }
      },
    })
    send({
      type: 'open',
      channel: 'session',
      sender: OURS,
      window: WINDOW,
      maxPacket: PACKET,
      data: Buffer.alloc(0),
    })
  })
}
