import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Permit } from '../../../target/action.ts'
import { until } from '../../../../test/support/wait.ts'
import { InOrder } from './in-order.ts'

describe('InOrder', () => {
  it('forwards in the order of arrival, whenever the permits come', async () => {
    const one = fc.oneof(
      fc.constant('free' as const),
      fc.constant('now' as const),
      fc.integer({ min: 0, max: 5 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 15 }), async kinds => {
        const order = new InOrder()
        const seen: number[] = []
        for (const [index, kind] of kinds.entries()) {
          const permit = { forward: true, seq: index }
          if (kind === 'free') order.behind(() => seen.push(index))
          else if (kind === 'now') order.after(permit, given => seen.push(given.seq))
          else {
            const later = new Promise<typeof permit>(resolve => {
              setTimeout(() => resolve(permit), kind)
            })
            order.after(later, given => seen.push(given.seq))
          }
        }
        await order.release()
        expect(seen).toEqual(kinds.map((_, index) => index))
        expect(order.empty).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('nothing waits when nothing has to', () => {
    const order = new InOrder()
    let forwarded = 0
    order.after({ forward: true, seq: 1 }, () => forwarded++)
    order.behind(() => forwarded++)
    expect(forwarded).toBe(2)
    expect(order.release()).toBeUndefined()
  })

  it('what is permitted waits for nothing that came later', async () => {
    const order = new InOrder()
    const seen: number[] = []
    let give: (permit: Permit) => void = () => undefined
    const later = new Promise<Permit>(resolve => (give = resolve))
    order.after(Promise.resolve({ forward: true, seq: 1 }), ({ seq }) => seen.push(seq))
    order.after(later, ({ seq }) => seen.push(seq))
    const released = order.release()
    await until(() => seen.length > 0)
    expect(seen).toEqual([1])
    give({ forward: true, seq: 2 })
    await released
    expect(seen).toEqual([1, 2])
  })

  it('a permit that fails does not leave others unhandled', async () => {
    const order = new InOrder()
    const seen: number[] = []
    order.after(new Promise(resolve => setTimeout(() => resolve({ forward: true, seq: 1 }), 5)), () =>
      seen.push(1),
    )
    order.after(Promise.reject(new Error('disk')), () => seen.push(2))
    await expect(order.release()).rejects.toThrow('disk')
    expect(seen).toEqual([1])
  })
})
