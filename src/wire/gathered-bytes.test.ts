import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GatheredBytes } from './gathered-bytes.ts'

it('is all that was added, whatever becomes of the pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.array(fc.uint8Array({ maxLength: 300 })), (first, pieces) => {
      const all = Buffer.concat([first, ...pieces])
      const gathered = new GatheredBytes(first)
      first.fill(1)
      for (const piece of pieces) {
        gathered.add(piece)
        piece.fill(1)
      }
      expect(gathered.bytes.equals(all)).toBe(true)
    }),
  )
})
