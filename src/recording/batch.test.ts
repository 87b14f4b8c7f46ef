import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../kernel/canonical-json.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { CanonicalText } from '../ledger/entry/jcs.ts'
import { Batch, type Item, itemsOf } from './batch.ts'

const parsed = ({ text }: CanonicalText): JsonObject => JSON.parse(text) as JsonObject

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
          const [data, payload] = [parsed(taken.data), taken.payload && parsed(taken.payload)]
          expect(taken.data.text).toBe(canonicalJson(data))
          if (payload) expect(taken.payload?.text).toBe(canonicalJson(payload))
          expect(taken.data.text.length).toBeLessThan(30_000)
          read.push(...itemsOf(data, payload))
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
    const data = batch.take()?.data
    expect(data && itemsOf(parsed(data), undefined)).toEqual([{ type: 'action', t: 1, data: { n: 1 } }])
  })
})
