import { describe, expect, it } from 'vitest'
import { backoff } from './backoff.ts'
import { DeliveryFailure } from './channel.ts'
import { ChannelQueue, type Step } from './channel-queue.ts'
import { until } from '../../test/support/wait.ts'

const settled: Step = { kind: 'settled' }
const idle: Step = { kind: 'idle' }
const options = {
  tries: 3,
  atOnce: 4,
  random: () => 0,
  giveUp: (): Promise<void> => Promise.resolve(),
  onError: (): void => undefined,
}

describe('ChannelQueue', () => {
  it('never works on one lane twice at once, and on as many lanes as it may at most', async () => {
    const inside = new Map<string, number>()
    let most = 0
    let steps = 0
    const queue = new ChannelQueue({
      ...options,
      async step(lane) {
        expect(inside.get(lane) ?? 0).toBe(0)
        inside.set(lane, 1)
        most = Math.max(
          most,
          [...inside.values()].reduce((a, b) => a + b),
        )
        await new Promise(resolve => setImmediate(resolve))
        inside.set(lane, 0)
        steps += 1
        return steps < 60 ? settled : idle
      },
    })
    for (let lane = 0; lane < 20; lane += 1) queue.add(`l${lane}`)
    await until(() => queue.size === 0)
    expect(most).toBe(4)
  })

  it('begins with one lane on a channel that was failing before the restart', async () => {
    const began: string[] = []
    const queue = new ChannelQueue({
      ...options,
      failing: true,
      step: lane => {
        began.push(lane)
        return new Promise(resolve => setTimeout(() => resolve(idle), 5))
      },
    })
    for (const lane of ['a', 'b', 'c']) queue.add(lane)
    expect(began).toEqual(['a'])
    await until(() => queue.size === 0)
  })

  it('does not lose what is added while a try finds nothing', async () => {
    let due = 0
    let answer: ((step: Step) => void) | undefined
    let found = 0
    const queue = new ChannelQueue({
      ...options,
      step: () => {
        if (due === 0) return new Promise(resolve => (answer = resolve))
        due -= 1
        found += 1
        return Promise.resolve(settled)
      },
    })
    queue.add('lane')
    await until(() => answer !== undefined)
    due = 1
    queue.add('lane')
    answer?.(idle)
    await until(() => found === 1)
    await until(() => answer !== undefined)
    answer?.(idle)
    await queue.stop()
  })

  it('tries one lane at a time while nothing gets through, and gives up after the last try', async () => {
    const tried: string[] = []
    const given: string[] = []
    let up = false
    const queue = new ChannelQueue({
      ...options,
      tries: 2,
      atOnce: 1,
      step: lane => {
        tried.push(lane)
        if (up) return Promise.resolve(tried.filter(other => other === lane).length > 3 ? idle : settled)
        return Promise.reject(new DeliveryFailure('unreachable', 'ECONNREFUSED'))
      },
      giveUp: lane => {
        given.push(lane)
        up = true
        return Promise.resolve()
      },
    })
    queue.add('one')
    queue.add('two')
    await until(() => given.length === 1)
    expect(tried.slice(0, 2)).toEqual(['one', 'one'])
    expect(given).toEqual(['one'])
    await queue.stop()
  })

  it('a message that one receiver refuses delays no other lane', async () => {
    const done: string[] = []
    const queue = new ChannelQueue({
      ...options,
      atOnce: 1,
      step: lane => {
        if (lane === 'bad') return Promise.reject(new DeliveryFailure('refused', 'answered 400'))
        done.push(lane)
        return Promise.resolve(done.filter(other => other === lane).length > 1 ? idle : settled)
      },
    })
    for (const lane of ['bad', 'good', 'fine']) queue.add(lane)
    await until(() => queue.size === 1)
    expect(new Set(done)).toEqual(new Set(['good', 'fine']))
    await queue.stop()
  })

  it('a log that does not take the outcome costs the alert no try', async () => {
    const errors: unknown[] = []
    const tries: number[] = []
    const queue = new ChannelQueue({
      ...options,
      onError: error => errors.push(error),
      step: (_, attempt) => {
        tries.push(attempt)
        return tries.length === 1 ? Promise.reject(new Error('ledger.full')) : Promise.resolve(idle)
      },
    })
    queue.add('lane')
    await until(() => queue.size === 0)
    expect(tries).toEqual([1, 1])
    expect(errors).toHaveLength(1)
  })
})

describe('backoff', () => {
  it('doubles from half a second to a minute, jittered by half', () => {
    expect([1, 2, 3, 8, 50].map(failures => backoff(failures, 1))).toEqual([500, 1000, 2000, 60_000, 60_000])
    expect(backoff(1, 0)).toBe(250)
  })
})
