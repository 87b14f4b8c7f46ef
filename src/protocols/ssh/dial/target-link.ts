import { type KeyObject, sign } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { Fault } from '../../../kernel/faults.ts'
import { ED25519_CERTIFICATE } from '../keys/certificate.ts'
import { sshLine } from '../../../kernel/ssh-key.ts'
import { ED25519 } from '../keys/public-blob.ts'
import { SshReader, SshWriter } from '../messages/fields.ts'
import { SSH } from '../messages/numbers.ts'
import { publickeyRequest, serviceRequest } from '../messages/userauth.ts'
import { SshTransport, type TransportEvents } from '../transport/transport.ts'

/** Where a target is and how we prove that we may enter. */
export interface TargetAccess {
  /** Its name, for words. */
  readonly target: string
  readonly host: string
  readonly port: number
  readonly account: string
  /** Its host keys, as SSH encodes them; any other is refused. */
  readonly pinned: readonly Buffer[]
  /** Called once the own address on the way there is known; the key lives as long as the link. */
  prove(localAddress: string): { readonly key: KeyObject; readonly certificate: Buffer }
  readonly timeoutMs: number
}

/** An authenticated connection to a target on which nothing has been opened yet. */
export interface TargetLink {
  readonly transport: SshTransport
  /** Port of this end: sshd tells sessions apart by it (`SSH_CONNECTION`). */
  readonly localPort: number
  /** From here on `events` hears what the target says; what it said before comes at once. */
  attach(events: TransportEvents): void
}

const IDENT = 'breakglass'

/**
 * Connects, checks the host key against the pins, logs in by certificate (RFC 4252 §7, PROTOCOL.certkeys). Faults:
 * `target.unreachable` when there is nobody or no answer in time, `target.misconfigured` when the host key is another or the
 * certificate is not accepted.
 */
export function openLink(access: TargetAccess): Promise<TargetLink> {
  return new Promise((resolve, reject) => {
    const { host, port, pinned, timeoutMs } = access
    const socket = connect({ host, port, noDelay: true, keepAlive: true })
    const timer = setTimeout(
      () => fail(unreachable(access, `no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    )
    let settled = false
    let connected = false
    let presented: Buffer | undefined
    let events: TransportEvents | undefined
    const early: Buffer[] = []

    const fail = (fault: Fault): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      socket.destroy()
      reject(fault)
    }
    const transport = new SshTransport(
      socket,
      { role: 'client', pinned, presented: key => void (presented = key) },
      IDENT,
      {
        ready: () => transport.send(serviceRequest('ssh-userauth')),
        message: payload => {
          if (events) return events.message(payload)
          if (settled) return void early.push(payload)
          switch (payload[0]) {
            case SSH.serviceAccept:
              return transport.send(proof(access, socket, transport.sessionId))
            case SSH.userauthSuccess:
              settled = true
              clearTimeout(timer)
              return resolve({ transport, localPort: socket.localPort ?? 0, attach })
            case SSH.userauthFailure:
              return fail(notAccepted(access, new SshReader(payload, 1).text()))
            default:
              // A banner is for people; nothing else comes before success.
              return undefined
          }
        },
        closed: why => {
          if (events) return events.closed(why)
          if (presented && !pinned.some(known => known.equals(presented as Buffer)))
            return fail(otherHostKey(access, presented))
          if (!connected) return fail(unreachable(access, codeOf(why.error)))
          fail(unreachable(access, why.said ?? why.error?.message ?? 'it closed the connection'))
        },
        drained: () => events?.drained?.(),
      },
    )
    socket.once('connect', () => {
      connected = true
    })

    function attach(next: TransportEvents): void {
      events = next
      if (transport.closed) return next.closed({})
      for (const payload of early.splice(0)) next.message(payload)
    }
  })
}

function proof(access: TargetAccess, socket: Socket, sessionId: Buffer): Buffer {
  const local = (socket.localAddress ?? '').replace(/^::ffff:/, '')
  const { key, certificate } = access.prove(local)
  const request = publickeyRequest({
    user: access.account,
    algorithm: ED25519_CERTIFICATE,
    key: certificate,
  })
  const signed = new SshWriter().string(sessionId).bytes(request).take()
  const signature = new SshWriter()
    .string(ED25519)
    .string(sign(null, signed, key))
    .take()
  return new SshWriter().bytes(request).string(signature).take()
}

function codeOf(error: Error | undefined): string {
  return (error && 'code' in error ? String(error.code) : error?.message) ?? 'it closed the connection'
}

function unreachable({ target, host, port }: TargetAccess, why: string): Fault {
  return new Fault('target.unreachable', `${target} cannot be reached: ${why}.`, {
    next: `Check that sshd answers at its address, then try again.`,
    facts: { host, port },
  })
}

function otherHostKey({ target }: TargetAccess, presented: Buffer): Fault {
  return new Fault('target.misconfigured', `${target} presents a host key that is not the pinned one.`, {
    next: `Nothing was sent to it. If the host was rebuilt, pin its new key in \`host_keys\`; \`breakglass target check ${target}\` shows it.`,
    facts: { presented: sshLine(presented) },
  })
}

function notAccepted({ target, account }: TargetAccess, methods: string): Fault {
  return new Fault(
    'target.misconfigured',
    `${target} does not accept our certificate for the account ${account} (it offers: ${methods}).`,
    {
      next: `Its sshd must trust our CA for this scope: \`breakglass target plan ${target}\` prints the lines, \`breakglass target check ${target}\` tries them.`,
    },
  )
}
