import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { END_BYTES, maskEnd, ValueEnd, type Keep } from './keep.ts'

const masked = (text: string, keep: Keep) => maskEnd(Buffer.from(text), keep).toString()

describe('maskEnd', () => {
  it.each<[keep: Keep, value: string, left: string]>([
    ['nothing', 'ana@example.org', '****'],
    ['nothing', '', '****'],
    ['domain', 'ana@example.org', '***@example.org'],
    ['domain', '"a@b"@bücher.example', '***@bücher.example'],
    ['domain', 'ana@example.org   ', '***@example.org'],
    ['domain', 'a@b.example, c@d.example', '***@d.example'],
    ['domain', 'Ana <ana@example.org>', '****'],
    ['domain', 'secret@everything behind it', '****'],
    ['domain', 'no at sign', '****'],
    ['domain', 'ana@', '****'],
    ['domain', `x@${'d'.repeat(254)}`, '****'],
    ['last4', '4111 1111 1111 1234', '***1234'],
    ['last4', '12345678', '***5678'],
    ['last4', '1234567', '****'],
    ['last4', '1234567   ', '****'],
    ['last4', 'ab🙂🙂🙂🙂🙂🙂', '***🙂🙂🙂🙂'],
  ])('%s of %j leaves %j', (keep, value, left) => {
    expect(masked(value, keep)).toBe(left)
  })

  it('the end of a value decides as the whole does, in whatever pieces it came', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 3000 }),
        fc.string({ maxLength: 20 }),
        fc.constantFrom<Keep>('nothing', 'domain', 'last4'),
        fc.array(fc.nat(400), { minLength: 1 }),
        (head, tail, keep, cuts) => {
          const value = Buffer.from(`${head}@${tail}`)
          const end = new ValueEnd()
          for (let at = 0, i = 0; at < value.length; i++) {
            const next = at + 1 + (cuts[i % cuts.length] ?? 0)
            end.add(value.subarray(at, next))
            at = next
          }
          const taken = end.take()
          expect(taken.length).toBeLessThanOrEqual(END_BYTES)
          expect(maskEnd(taken, keep)).toEqual(maskEnd(value.subarray(-END_BYTES), keep))
        },
      ),
    )
  })
})
