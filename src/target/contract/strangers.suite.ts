import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Stand } from './stand.suite.ts'
import { openWire } from './wire.suite.ts'

/** What a client of the protocol says from its first byte on, in pieces between which it waits for an answer. */
export async function opening(stand: Stand): Promise<readonly Buffer[]> {
  const wire = await openWire({ host: '127.0.0.1', port: stand.door.port })
  const { client } = await stand.enter({ port: wire.port })
  client.hangUp()
  await client.closed
  await wire.close()
  return wire.said.filter(piece => piece.length > 0)
}

export interface Stranger {
  readonly socket: Socket
  readonly closed: Promise<unknown>
}

/** Connections that say a few bytes and no more. */
export function strangers(
  port: number,
  count: number,
  says: (index: number) => Buffer | undefined,
): Promise<readonly Stranger[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const socket = connect(port, '127.0.0.1')
      const closed = new Promise(resolve => socket.once('close', resolve))
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      const bytes = says(index)
      if (bytes) socket.write(bytes)
      socket.resume()
      return { socket, closed }
    }),
  )
}
