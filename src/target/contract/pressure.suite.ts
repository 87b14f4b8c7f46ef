import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, it } from 'vitest'
import type { Stand } from './stand.suite.ts'
import { eventually, rest } from './stand.suite.ts'
import { opening, strangers } from './strangers.suite.ts'

/** What one session may hold beside the buffers of the kernel, on both sides of it. */
const BOUND = 8 << 20
const QUIET_MS = 250

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes of buffers that somebody still needs, or that were collected but are not yet given back. */
function held(): number {
  collect()
  return process.memoryUsage().external
}

/** Resolves when a count has stopped growing; a count that never does fails by the time limit of the case. */
async function stands(count: () => number): Promise<number> {
  for (let last = -1; ; last = count()) {
    await rest(QUIET_MS)
    if (count() === last) return last
  }
}

export function pressureCases(ask: () => Stand): void {
  describe('pressure', () => {
    it('attack 13: a client that does not read pauses the target, in bounded memory', async () => {
      const stand = ask()
      const { client } = await stand.enter()
      const before = held()
      await client.flood()
      client.pause()
      const reached = await stands(() => stand.wire.returned)
      await eventually(() => held() - before).toBeLessThan(BOUND)
      client.resume()
      await eventually(() => stand.wire.returned).toBeGreaterThan(reached + 2 * BOUND)
    })

    it('attack 13: a target that does not read pauses the client, in bounded memory', async () => {
      const stand = ask()
      const { client } = await stand.enter()
      const before = held()
      const input = await client.pour()
      await eventually(() => input.taken()).toBeGreaterThan(1 << 20)
      stand.wire.stall()
      const reached = await stands(() => input.taken())
      await eventually(() => held() - before).toBeLessThan(BOUND)
      stand.wire.flow()
      await eventually(() => input.taken()).toBeGreaterThan(reached + (2 << 20))
      input.stop()
    })

    it('attack 13: sessions that stand still delay no other', async () => {
      const stand = ask()
      const flooded = await stand.enter()
      await flooded.client.flood()
      flooded.client.pause()
      const waiting = await stand.enter()
      const release = waiting.session.guard.holdEvidence()
      const asked = waiting.client.leave(stand.mark('held')).catch(() => undefined)
      const lingering = await stand.enter()
      await lingering.client.linger()
      const { client } = await stand.enter()
      for (let i = 0; i < 20; i++) await client.leave(stand.mark('meanwhile'))
      release()
      await asked
    })

    it('attack 13: a thousand strangers who say half of something, or nothing, keep nobody out and are let go', async () => {
      const stand = ask()
      const [first = Buffer.alloc(0)] = await opening(stand)
      const half = first.subarray(0, first.length >> 1)
      const standing = await strangers(stand.door.port, 1000, i => (i % 2 === 0 ? half : undefined))
      const { client } = await stand.enter()
      await client.leave(stand.mark('despite'))
      client.hangUp()
      await Promise.all(standing.map(one => one.closed))
      await eventually(() => stand.door.open.size).toBe(0)
    })
  })
}
