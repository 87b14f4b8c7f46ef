import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'

/** A cable between two parties: it counts, remembers, stops and breaks what goes over it, and knows nothing of what that says. */
export interface Wire {
  readonly port: number
  /** Bytes that went to the server, over all connections. */
  readonly sent: number
  /** Bytes that came back. */
  readonly returned: number
  /** How the client of the last connection began, a new piece each time the server had spoken. */
  readonly said: readonly Buffer[]
  /** From now on nothing is read of what goes to the server, as if it did not read. */
  stall(): void
  flow(): void
  /** Resets every connection on both sides, as a broken network does. */
  cut(): void
  close(): Promise<void>
}

export interface WireOptions {
  /** One byte at a time to the server, each in a turn of the loop of its own. */
  readonly drip?: boolean
}

/** Bytes of a connection that are kept. */
const REMEMBERED = 64 * 1024

export async function openWire(to: { host: string; port: number }, options: WireOptions = {}): Promise<Wire> {
  const open = new Set<Socket>()
  let sent = 0
  let returned = 0
  let said: Buffer[] = []
  let sentSince = 0
  let stalled: (() => void) | undefined
  let flowing = Promise.resolve()

  const join = async (client: Socket, server: Socket): Promise<void> => {
    for await (const chunk of client as AsyncIterable<Buffer>) {
      await flowing
      if (sentSince < REMEMBERED) said.push(Buffer.concat([said.pop() ?? Buffer.alloc(0), chunk]))
      sentSince += chunk.length
      sent += chunk.length
      if (!options.drip) await written(server, chunk)
      else for (const byte of chunk) await dripped(server, byte)
    }
    server.end()
  }
  const joinBack = async (server: Socket, client: Socket): Promise<void> => {
    for await (const chunk of server as AsyncIterable<Buffer>) {
      returned += chunk.length
      if (said.at(-1)?.length !== 0) said.push(Buffer.alloc(0))
      await written(client, chunk)
    }
    client.end()
  }
  const serving = createServer({ noDelay: true, allowHalfOpen: true }, client => {
    const server = connect({ ...to, noDelay: true, allowHalfOpen: true })
    said = []
    sentSince = 0
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      open.add(one)
      one.on('error', () => other.destroy())
      one.once('close', hadError => {
        open.delete(one)
        if (hadError) other.destroy()
      })
    }
    join(client, server).catch(() => server.destroy())
    joinBack(server, client).catch(() => client.destroy())
  })
  serving.listen(0, '127.0.0.1', 2048)
  await once(serving, 'listening')
  return {
    port: (serving.address() as AddressInfo).port,
    get sent() {
      return sent
    },
    get returned() {
      return returned
    },
    get said() {
      return said
    },
    stall() {
      flowing = new Promise(resolve => (stalled = resolve))
    },
    flow() {
      stalled?.()
    },
    cut() {
      for (const socket of open) socket.resetAndDestroy()
    },
    async close() {
      stalled?.()
      const closed = once(serving, 'close')
      serving.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

async function written(to: Socket, chunk: Buffer): Promise<void> {
  if (to.destroyed) throw new Error('the other side is gone')
  if (to.write(chunk)) return
  await new Promise<void>(resolve => {
    const done = (): void => {
      to.off('drain', done).off('close', done)
      resolve()
    }
    to.on('drain', done).on('close', done)
  })
}

async function dripped(to: Socket, byte: number): Promise<void> {
  await written(to, Buffer.of(byte))
  await turn()
}
