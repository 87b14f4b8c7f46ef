import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, TLSSocket, type ConnectionOptions, type SecureContext } from 'node:tls'

/**
 * Becomes the server side of TLS on a socket from which nothing of the handshake has been consumed (bytes already in
 * its read buffer are used). TLS 1.2 and later. Resolves undefined when the handshake fails or the socket goes away; the
 * time limit is the caller's, by destroying the socket.
 */
export function acceptTls(
  socket: Duplex,
  secureContext: SecureContext,
  alpn: readonly string[],
): Promise<TLSSocket | undefined> {
  return new Promise(resolve => {
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      ALPNProtocols: [...alpn],
      minVersion: 'TLSv1.2',
    })
    const over = () => {
      secure.destroy()
      resolve(undefined)
    }
    secure.once('secure', () => {
      secure.removeListener('close', over)
      secure.removeListener('error', over)
      resolve(secure)
    })
    secure.once('close', over)
    secure.once('error', over)
    socket.once('close', over)
  })
}

/** Becomes the client side of TLS on a connected socket. Rejects with Node's error when the handshake or the check of the name fails. */
export function upgradeToTls(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = connectTls({ ...options, socket, minVersion: 'TLSv1.2' })
    const fail = (cause: Error) => {
      secure.destroy()
      reject(cause)
    }
    const closed = () => fail(new Error('the connection closed during the TLS handshake'))
    secure.once('error', fail)
    secure.once('close', closed)
    secure.once('secureConnect', () => {
      secure.removeListener('error', fail)
      secure.removeListener('close', closed)
      resolve(secure)
    })
  })
}
