import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VerdictCache } from './verdict-cache.ts'

describe('the verdict cache', () => {
  it('keeps what is used and lets go of what is not', () => {
    const cache = new VerdictCache<number>({ entries: 10, weight: 1e6 })
    cache.set('kept', 1)
    for (let i = 0; i < 100; i++) {
      cache.set(`other ${i}`, i)
      expect(cache.get('kept')).toBe(1)
    }
    expect(cache.get('other 1')).toBeUndefined()
    expect(cache.size).toBeLessThanOrEqual(10)
  })

  it('is bounded by weight, and one heavy text does not push out the rest', () => {
    const cache = new VerdictCache<number>({ entries: 1000, weight: 100_000 })
    cache.set('light', 1)
    cache.set('x'.repeat(60_000), 2)
    expect(cache.get('light')).toBe(1)
    for (let i = 0; i < 1000; i++) cache.set(`${i}`.padEnd(1000), i)
    expect(cache.size).toBeLessThanOrEqual(100_000 / 2512 + 1)
  })

  it('property: never gives another key’s value, never holds more than its entries', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 8 }),
        fc.array(fc.tuple(fc.boolean(), fc.nat(12))),
        (entries, steps) => {
          const cache = new VerdictCache<number>({ entries, weight: 1e6 })
          for (const [put, key] of steps) {
            if (put) cache.set(`${key}`, key)
            expect([key, undefined]).toContain(cache.get(`${key}`))
            expect(cache.size).toBeLessThanOrEqual(entries)
          }
        },
      ),
    )
  })
})
