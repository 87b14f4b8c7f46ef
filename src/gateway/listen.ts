import { createServer, type Server, type Socket } from 'node:net'
import type { Protocol } from '../target/protocol.ts'
import { runSession, type SessionDeps } from './run-session.ts'

export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly protocol: Protocol
  readonly deps: SessionDeps
  /** Connections that have not logged in yet: at most this many in all and per address. */
  readonly mostStrangers?: number
  readonly mostStrangersPerAddress?: number
}

export interface Listener {
  readonly port: number
  /** Takes no new connection; running sessions are ended by whoever owns them. */
  close(): Promise<void>
}

/**
 * Accepts native clients. Whoever has not logged in yet is a stranger; beyond the limits the oldest stranger goes, so that
 * a flood of half-open connections costs neither those who are in nor those who come next (attack 13).
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { deps, protocol } = options
  const strangers = new Strangers(options.mostStrangers ?? 2_000, options.mostStrangersPerAddress ?? 500)
  const sockets = new Set<Socket>()

  const server = createServer({ noDelay: true, keepAlive: true }, socket => {
    sockets.add(socket)
    strangers.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      strangers.remove(socket)
    })
    const remote = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    runSession(socket, remote, protocol, deps, () => strangers.remove(socket)).catch((error: unknown) => {
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

/** Sockets by arrival, in all and per address. */
class Strangers {
  readonly #most: number
  readonly #mostPerAddress: number
  readonly #all = new Map<Socket, string>()
  readonly #byAddress = new Map<string, Set<Socket>>()

  constructor(most: number, mostPerAddress: number) {
    this.#most = most
    this.#mostPerAddress = mostPerAddress
  }

  add(socket: Socket): void {
    const address = socket.remoteAddress ?? ''
    const here = this.#byAddress.get(address) ?? new Set()
    this.#byAddress.set(address, here)
    if (here.size >= this.#mostPerAddress) this.#drop(here.values().next().value)
    if (this.#all.size >= this.#most) this.#drop(this.#all.keys().next().value)
    here.add(socket)
    this.#byAddress.set(address, here)
    this.#all.set(socket, address)
  }

  remove(socket: Socket): void {
    const address = this.#all.get(socket)
    if (address === undefined) return
    this.#all.delete(socket)
    const here = this.#byAddress.get(address)
    here?.delete(socket)
    if (here?.size === 0) this.#byAddress.delete(address)
  }

  #drop(socket: Socket | undefined): void {
    if (!socket) return
    this.remove(socket)
    socket.destroy()
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
