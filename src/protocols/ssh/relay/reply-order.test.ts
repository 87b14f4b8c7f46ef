import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReplyOrder } from './reply-order.ts'

describe('answers', () => {
  it('leave in the order of their questions, in whichever order they come', () => {
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.infiniteStream(fc.nat()), (count, random) => {
        const sent: number[] = []
        const order = new ReplyOrder<{ index: number }>(({ index }) => void sent.push(index))
        const slots = Array.from({ length: count }, (_, index) => [order.expect(), index] as const)
        while (slots.length > 0) {
          const [[slot, index] = [] as never] = slots.splice(
            (random.next().value as number) % slots.length,
            1,
          )
          order.answer(slot, { index })
          expect(sent).toEqual([...sent].sort((a, b) => a - b))
        }
        expect(sent).toEqual(Array.from({ length: count }, (_, index) => index))
        expect(order.waiting).toBe(0)
      }),
    )
  })
})
