import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Instant } from '../kernel/clock.ts'
import { isFault } from '../kernel/faults.ts'
import { Attempts } from './attempts.ts'
import { nextLockout } from './lock-out.ts'
import type { Lockout } from './people.ts'

const at = (ms: number): Instant => ({ wall: 1_000_000 + ms, mono: ms, boot: 'b' })

describe('lock-outs', () => {
  it('grow from 30 s to 15 min and are forgotten an hour after the last one ended', () => {
    const lengths: number[] = []
    let last: Lockout | undefined
    let ms = 0
    for (let n = 0; n < 8; n++) {
      last = nextLockout(last, at(ms))
      lengths.push(last.forMs / 1000)
      ms += last.forMs
    }
    expect(lengths).toEqual([30, 60, 120, 240, 480, 900, 900, 900])
    expect(nextLockout(last, at(ms + 3_599_999)).level).toBe(8)
    expect(nextLockout(last, at(ms + 3_600_000)).level).toBe(0)
  })

  it('however guesses are spread in time, a quarter of an hour holds no more than five and the doublings', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 50, maxLength: 300 }), gaps => {
        const attempts = new Attempts(5, 10)
        let ms = 0
        const judged: number[] = []
        for (const gap of gaps) {
          ms += gap
          try {
            attempts.begin('ana', at(ms)).failed(at(ms))
            judged.push(ms)
          } catch (error) {
            if (!isFault(error, 'identity.locked_out')) throw error
          }
        }
        const inWindow = judged.map(
          from => judged.filter(time => time >= from && time < from + 900_000).length,
        )
        expect(Math.max(...inWindow)).toBeLessThanOrEqual(10)
      }),
      { numRuns: 50 },
    )
  })

  it('a dropped attempt costs nothing, one that is open counts', () => {
    const attempts = new Attempts(2, 10)
    const open = [attempts.begin('k', at(0)), attempts.begin('k', at(0))]
    expect(() => attempts.begin('k', at(0))).toThrow('Too many')
    for (const attempt of open) attempt.dropped()
    expect(() => attempts.begin('k', at(0))).not.toThrow()
  })

  it('failures that no success clears are forgotten after their time', () => {
    const attempts = new Attempts(2, 10, 60_000)
    attempts.begin('k', at(0)).failed(at(0))
    expect(attempts.begin('k', at(60_000)).failed(at(60_000))).toBeUndefined()
    expect(attempts.begin('k', at(60_001)).failed(at(60_001))).toBeDefined()
  })

  it('remember no more keys than they may, and forget the one not tried for longest', () => {
    const attempts = new Attempts(1, 3)
    for (const key of ['a', 'b', 'c']) attempts.begin(key, at(0)).failed(at(0))
    expect(() => attempts.begin('a', at(1))).toThrow('Too many')
    attempts.begin('d', at(1)).dropped()
    expect(() => attempts.begin('a', at(2))).toThrow('Too many')
    expect(() => attempts.begin('b', at(2))).not.toThrow()
  })
})
