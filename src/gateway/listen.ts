import { createServer, type Server, type Socket } from 'node:net'
import type { Protocol } from '../target/protocol.ts'
import { runSession, type SessionDeps } from './run-session.ts'

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly protocol: Protocol
  readonly deps: SessionDeps
  /** Connections that have not logged in yet: at most this many in all and per address (attack 13). */
  readonly mostStrangers?: number
  readonly mostStrangersPerAddress?: number
}

export interface Listener {
  readonly port: number
  /** Takes no new connection; running sessions are ended by whoever owns them. */
  close(): Promise<void>
}

/** Accepts native clients. A connection above the limits is closed at once, so that strangers cost the known nothing. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { deps, protocol } = options
  const strangers = new Map<string, number>()
  let waiting = 0
  const most = options.mostStrangers ?? 2_000
  const mostPerAddress = options.mostStrangersPerAddress ?? 500
  const sockets = new Set<Socket>()

  const server = createServer({ noDelay: true, keepAlive: true }, socket => {
    const address = socket.remoteAddress ?? ''
    const fromHere = strangers.get(address) ?? 0
    if (waiting >= most || fromHere >= mostPerAddress) {
      socket.destroy()
      return
    }
    strangers.set(address, fromHere + 1)
    waiting++
    let known = false
    const introduced = (): void => {
      if (known) return
      known = true
      waiting--
      const left = (strangers.get(address) ?? 1) - 1
      if (left === 0) strangers.delete(address)
      else strangers.set(address, left)
    }
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      introduced()
    })
    runSession(socket, protocol, deps, introduced).catch((error: unknown) => {
      deps.onError(error, '')
      socket.destroy()
    })
  })

  await started(server, options)
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroySoon()
      }),
  }
}

function started(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 4_096 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
