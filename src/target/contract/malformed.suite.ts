import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Stand } from './stand.suite.ts'
import { eventually } from './stand.suite.ts'
import { opening } from './strangers.suite.ts'

/** Of an opening; behind that everything is encrypted, and one byte of it fails like the other. */
const OPENING_BYTES = 1600
const SIDE_BY_SIDE = 16

/** A way to spoil messages at one byte: what is said then. */
interface Spoiled {
  readonly name: string
  at(messages: readonly Buffer[], message: number, byte: number): readonly Buffer[]
}

const WAYS: readonly Spoiled[] = [
  {
    name: 'cut short at every byte',
    at: (messages, message, byte) => [
      ...messages.slice(0, message),
      (messages[message] as Buffer).subarray(0, byte),
    ],
  },
  {
    name: 'with a bit of every byte turned over',
    at: (messages, message, byte) =>
      messages.map((one, index) =>
        index === message
          ? Buffer.from(one.map((value, at) => (at === byte ? value ^ (1 << (byte & 7)) : value)))
          : one,
      ),
  },
]

/** Every message that `way` makes of these, one per byte. */
function spoiled(messages: readonly Buffer[], way: Spoiled): (readonly Buffer[])[] {
  return messages.flatMap((one, message) => Array.from(one, (_, byte) => way.at(messages, message, byte)))
}

async function sideBySide<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = all.values()
  await Promise.all(
    Array.from({ length: SIDE_BY_SIDE }, async () => {
      for (const one of left) await work(one)
    }),
  )
}

export function malformedCases(ask: () => Stand): void {
  describe('malformed', () => {
    it.each(WAYS.map(way => [way.name, way] as const))(
      'attack 13: messages %s end their session or none, never another',
      async (_, way) => {
        const stand = ask()
        const healthy = await stand.enter()
        const bad = spoiled(stand.lab.messages('malformed'), way)
        await sideBySide(bad, async messages => {
          const client = await stand.lab.connect({ port: stand.door.port })
          await client.say(messages)
          client.hangUp()
          await client.closed
        })
        const mark = stand.mark('healthy')
        await healthy.client.leave(mark)
        expect(await stand.seen(mark)).toBe(true)
        const sessions = stand.door.sessions.filter(one => one !== healthy.session)
        expect(sessions).toHaveLength(bad.length)
        const ends = await Promise.all(sessions.map(({ end }) => end))
        for (const end of ends) expect(['client', 'violation', 'target']).toContain(end?.reason)
        for (const { guard } of sessions)
          expect(guard.outcomes.size).toBe(guard.actions.filter(one => one.objections.length === 0).length)
        await eventually(() => stand.door.open.size).toBe(1)
      },
    )

    it.each(WAYS.map(way => [way.name, way] as const))(
      'attack 13: an opening %s costs its own connection only',
      async (_, way) => {
        const stand = ask()
        const turns = await opening(stand)
        const healthy = await stand.enter()
        const before = stand.door.sessions.length
        await sideBySide(cases(turns, way), said => replay(stand.door.port, said))
        await eventually(() => stand.door.open.size).toBe(1)
        expect(stand.door.sessions).toHaveLength(before)
        await healthy.client.leave(stand.mark('healthy'))
      },
    )
  })
}

/** The first turns of an opening whole, the next one spoiled. */
function cases(turns: readonly Buffer[], way: Spoiled): (readonly Buffer[])[] {
  const all: (readonly Buffer[])[] = []
  let left = OPENING_BYTES
  for (const [index, turn] of turns.entries()) {
    const bytes = Math.min(left, turn.length)
    left -= bytes
    for (let byte = 0; byte < bytes; byte++) all.push([...turns.slice(0, index), ...way.at([turn], 0, byte)])
  }
  return all
}

/** Says each turn when the one before was answered, and hangs up behind the last. */
async function replay(port: number, turns: readonly Buffer[]): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  const closed = new Promise(resolve => socket.once('close', resolve))
  await once(socket, 'connect')
  for (const [index, turn] of turns.entries()) {
    socket.write(turn)
    if (index < turns.length - 1) await Promise.race([once(socket, 'data'), closed]).catch(() => undefined)
  }
  socket.end()
  socket.resume()
  await closed
}
