import fc from 'fast-check'
import { expect, it } from 'vitest'
import { entryOfBundle } from './entry-of-bundle.ts'

it('finds every entry of a bundle, and none in one that is cut before it', () => {
  const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 })
  fc.assert(
    fc.property(entries, fc.nat(), (list, cut) => {
      const parts = list.map(entry => {
        const length = Buffer.alloc(2)
        length.writeUInt16BE(entry.length)
        return Buffer.concat([length, entry])
      })
      const bundle = Buffer.concat(parts)
      for (const [i, entry] of list.entries()) expect(entryOfBundle(bundle, i)).toEqual(Buffer.from(entry))
      expect(entryOfBundle(bundle, list.length)).toBeUndefined()
      const short = bundle.subarray(0, bundle.length === 0 ? 0 : cut % bundle.length)
      let end = 0
      for (const [i, part] of parts.entries()) {
        end += part.length
        expect(entryOfBundle(short, i) !== undefined).toBe(end <= short.length)
      }
    }),
  )
})
