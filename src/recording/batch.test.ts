import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Batch, type Item, itemsOf } from './batch.ts'

const item: fc.Arbitrary<Item> = fc.record(
  {
    type: fc.constantFrom('action', 'result'),
    t: fc.nat(),
    outcome: fc.constantFrom('allowed', 'done'),
    data: fc.record({ n: fc.nat(), verbs: fc.array(fc.string(), { maxLength: 3 }) }),
    payload: fc.record({ text: fc.string({ maxLength: 2_000 }) }),
  },
  { requiredKeys: ['type', 't', 'data'] },
)

describe('a batch', () => {
  it('gives every item back in order, each with its own sealed part, and fits an entry', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 200 }), items => {
        const batch = new Batch()
        const read: Item[] = []
        const take = (): void => {
          const taken = batch.take()
          if (!taken) return
          expect(JSON.stringify(taken.data).length).toBeLessThan(30_000)
          read.push(...itemsOf(taken.data, taken.payload))
        }
        for (const each of items) {
          if (batch.add(each)) continue
          take()
          expect(batch.add(each)).toBe(true)
        }
        take()
        expect(read).toEqual(items)
        expect(batch.empty).toBe(true)
      }),
    )
  })

  it('refuses what is too large to share', () => {
    expect(new Batch().add({ type: 'result', t: 0, data: {}, payload: 'x'.repeat(50_000) })).toBe(false)
  })

  it('without what was sealed the leaf facts remain', () => {
    const batch = new Batch()
    batch.add({ type: 'action', t: 1, data: { n: 1 }, payload: { text: 'select 1' } })
    const { data } = batch.take() ?? { data: {} }
    expect(itemsOf(data, undefined)).toEqual([{ type: 'action', t: 1, data: { n: 1 } }])
  })
})
