import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { Fault } from '../../../kernel/faults.ts'
import { readExactly } from '../../../wire/read-exactly.ts'
import { upgradeToTls } from '../../../wire/tls-upgrade.ts'
import { sslRequest } from '../messages/encode.ts'
import { ALPN } from '../messages/messages.ts'
import type { PostgresSettings } from '../administration/settings.ts'

export interface TargetLink {
  readonly stream: Duplex
  readonly socket: Socket
  /** DER of the target's certificate; undefined without TLS. */
  readonly certificate: Buffer | undefined
}

/**
 * Connects to a target and encrypts as its settings demand. `signal` gives up. Faults: `target.unreachable`,
 * `target.misconfigured` when TLS is demanded and cannot be had.
 */
export async function linkTarget(settings: PostgresSettings, signal: AbortSignal): Promise<TargetLink> {
  const socket = await connectTo(settings, signal)
  const abandon = () => socket.destroy()
  signal.addEventListener('abort', abandon, { once: true })
  try {
    if (settings.tls === 'disable') return { stream: socket, socket, certificate: undefined }
    const secure = await encrypt(socket, settings)
    secure.on('error', () => undefined)
    return { stream: secure, socket, certificate: secure.getPeerX509Certificate()?.raw }
  } catch (cause) {
    socket.destroy()
    throw cause
  } finally {
    signal.removeEventListener('abort', abandon)
  }
}

function connectTo(settings: PostgresSettings, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: settings.host, port: settings.port, noDelay: true, keepAlive: true })
    const give = (cause: unknown) => {
      socket.destroy()
      reject(unreachable(settings, cause))
    }
    const abandon = () => give(signal.reason)
    signal.addEventListener('abort', abandon, { once: true })
    if (signal.aborted) abandon()
    socket.once('error', give)
    socket.once('connect', () => {
      signal.removeEventListener('abort', abandon)
      socket.removeListener('error', give)
      // From here failures show as reads that end.
      socket.on('error', () => undefined)
      resolve(socket)
    })
  })
}

async function encrypt(socket: Socket, settings: PostgresSettings): Promise<TLSSocket> {
  const direct = settings.tlsNegotiation === 'direct'
  if (!direct) await askForTls(socket, settings)
  const secure = await handshake(socket, settings)
  // A server that does not name the protocol may be another one behind the same certificate (PostgreSQL 17, "SSL Session Encryption").
  if (direct && secure.alpnProtocol !== ALPN) {
    secure.destroy()
    throw new Fault('target.misconfigured', 'the target does not take direct TLS', {
      next: 'It needs PostgreSQL 17 or later; leave `tls_negotiation` out before that.',
    })
  }
  return secure
}

async function askForTls(socket: Socket, settings: PostgresSettings): Promise<void> {
  socket.write(sslRequest())
  const answer = await readExactly(socket, 1)
  if (answer === undefined) throw unreachable(settings, undefined)
  if (answer.toString() !== 'S' || socket.readableLength > 0) {
    throw new Fault('target.misconfigured', 'the target does not speak TLS', {
      next: 'Set ssl = on there, or `tls: disable` for this target if the way to it is safe.',
    })
  }
}

async function handshake(socket: Socket, settings: PostgresSettings): Promise<TLSSocket> {
  const verify = settings.tls === 'verify-full'
  const ca = verify ? settings.authority() : undefined
  try {
    return await upgradeToTls(socket, {
      host: settings.host,
      servername: /^[\d.]+$|:/.test(settings.host) ? '' : settings.host,
      rejectUnauthorized: verify,
      ALPNProtocols: [ALPN],
      ...(ca === undefined ? {} : { ca }),
    })
  } catch (cause) {
    throw certificateTrouble(cause)
      ? new Fault('target.misconfigured', 'the TLS certificate of the target was not accepted', {
          next: 'Name its authority in `ca`, and use the host name the certificate is for as `address`.',
          cause,
        })
      : new Fault('target.misconfigured', 'the target broke off the TLS handshake', {
          next:
            settings.tlsNegotiation === 'direct'
              ? 'Direct TLS needs PostgreSQL 17 or later; leave `tls_negotiation` out before that.'
              : 'It must speak TLS 1.2 or later.',
          cause,
        })
  }
}

export function unreachable(settings: PostgresSettings, cause: unknown): Fault {
  return new Fault('target.unreachable', `no connection to ${settings.host}:${settings.port}`, {
    next: 'Check that the target is up and reachable from here, then connect again.',
    cause,
  })
}

/** Node's codes for a chain or a name that does not verify; everything else is a handshake that failed before that. */
function certificateTrouble(cause: unknown): boolean {
  const { code } = (cause ?? {}) as { code?: unknown }
  return typeof code === 'string' && /CERT|ISSUER|SELF_SIGNED|ALTNAME|CRL|VERIFY/.test(code)
}
