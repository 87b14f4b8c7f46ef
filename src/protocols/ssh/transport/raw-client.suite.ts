import { type KeyObject, sign } from 'node:crypto'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { ED25519, publicBlob } from '../keys/public-blob.ts'
import { SshWriter } from '../messages/fields.ts'
import { SSH } from '../messages/numbers.ts'
import { publickeyRequest, serviceRequest } from '../messages/userauth.ts'
import { SshTransport } from './transport.ts'

/** A client whose every message a test chooses, above a real key exchange. */
export interface RawClient {
  readonly transport: SshTransport
  send(payload: Buffer): void
  /** The next message; rejects with what the server said when it closes. */
  next(): Promise<Buffer>
  /** The next message of this number; others are dropped. */
  nextOf(type: number): Promise<Buffer>
  /** Resolves with the words of the server's disconnect, or ''. */
  readonly closed: Promise<string>
  /** Asks for the login service and waits until it is there. */
  toLogin(): Promise<void>
  /** A publickey request signed by `key` for `user` over this session, or over what a test makes of it. */
  signed(
    user: string,
    key: KeyObject,
    over?: { readonly session?: Buffer; readonly asUser?: string; readonly offered?: Buffer },
  ): Buffer
}

export async function rawClient(
  port: number,
  pinned: readonly Buffer[],
  through?: Duplex,
): Promise<RawClient> {
  const stream = through ?? connect({ port, host: '127.0.0.1', noDelay: true })
  const arrived: Buffer[] = []
  const waiting: { resolve: (payload: Buffer) => void; reject: (why: Error) => void }[] = []
  let gone: string | undefined
  let sayClosed: (words: string) => void = () => undefined
  const closed = new Promise<string>(resolve => {
    sayClosed = resolve
  })
  let transport: SshTransport | undefined
  await new Promise<void>((resolve, reject) => {
    transport = new SshTransport(stream, { role: 'client', pinned }, 'raw', {
      ready: resolve,
      message: payload => {
        const first = waiting.shift()
        if (first) first.resolve(payload)
        else arrived.push(payload)
      },
      closed: why => {
        gone = why.said ?? ''
        sayClosed(gone)
        const error = new Error(`closed: ${why.said ?? why.error?.message ?? 'without a word'}`)
        for (const one of waiting.splice(0)) one.reject(error)
        reject(error)
      },
    })
  })
  const open = transport as SshTransport
  const next = (): Promise<Buffer> => {
    const first = arrived.shift()
    if (first) return Promise.resolve(first)
    if (gone !== undefined) return Promise.reject(new Error(`closed: ${gone}`))
    return new Promise((resolve, reject) => void waiting.push({ resolve, reject }))
  }
  const nextOf = async (type: number): Promise<Buffer> => {
    for (;;) {
      const payload = await next()
      if (payload[0] === type) return payload
    }
  }
  return {
    transport: open,
    send: payload => open.send(payload),
    next,
    nextOf,
    closed,
    async toLogin() {
      open.send(serviceRequest('ssh-userauth'))
      await nextOf(SSH.serviceAccept)
    },
    signed(user, key, over = {}) {
      const blob = over.offered ?? publicBlob(key)
      const request = publickeyRequest({ user, algorithm: ED25519, key: blob })
      const claimed = publickeyRequest({ user: over.asUser ?? user, algorithm: ED25519, key: blob })
      const data = new SshWriter()
        .string(over.session ?? open.sessionId)
        .bytes(claimed)
        .take()
      const signature = new SshWriter()
        .string(ED25519)
        .string(sign(null, data, key))
        .take()
      return new SshWriter().bytes(request).string(signature).take()
    },
  }
}
