import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { END_BYTES, maskEnd, type ColumnMask } from './keep.ts'
import { CopyMasker } from './mask-copy.ts'
import type { CopyFormat } from './outline.ts'

/** A second writer, after "COPY", "Text Format" and "CSV Format". */
function write(row: readonly (string | null)[], format: CopyFormat, forced: boolean): string {
  const { kind, delimiter, nullText, quote, escape } = format
  const fields = row.map(value => {
    if (value === null) return nullText
    if (kind === 'text') {
      return Array.from(value)
        .map(letter => {
          const at = '\b\f\n\r\t\v'.indexOf(letter)
          if (at >= 0) return `\\${'bfnrtv'[at]}`
          return letter === '\\' || letter === delimiter ? `\\${letter}` : letter
        })
        .join('')
    }
    const special = [delimiter, quote, '\n', '\r'].some(one => value.includes(one)) || value === nullText
    if (!special && !forced) return value
    return (
      quote +
      Array.from(value)
        .map(one => (one === quote || one === escape ? escape + one : one))
        .join('') +
      quote
    )
  })
  return `${fields.join(delimiter)}\n`
}

const format = (over: Partial<CopyFormat>): CopyFormat => ({
  kind: 'text',
  delimiter: '\t',
  nullText: '\\N',
  header: false,
  quote: '"',
  escape: '"',
  ...over,
})
const FORMATS: readonly CopyFormat[] = [
  format({}),
  format({ delimiter: '|', nullText: '' }),
  format({ delimiter: '*' }),
  format({ kind: 'csv', delimiter: ',', nullText: '' }),
  format({ kind: 'csv', delimiter: ';', nullText: '\\N', quote: "'", escape: '\\', header: true }),
  format({ kind: 'csv', delimiter: '@', nullText: '', escape: '!' }),
]

const value = fc.oneof(
  fc.emailAddress(),
  fc.string({
    unit: fc.constantFrom(
      'a',
      '1',
      '\\',
      '"',
      "'",
      ',',
      ';',
      '\t',
      '\n',
      '\r',
      '@',
      '!',
      '|',
      '*',
      'é',
      '🙂',
      'N',
    ),
    maxLength: 12,
  }),
  fc.nat(3000).map(length => 'é'.repeat(length)),
)
const plans = fc.array(
  fc.option(fc.constantFrom<ColumnMask>('nothing', 'domain', 'last4', 'null'), { nil: undefined }),
  { minLength: 1, maxLength: 4 },
)

describe('a masked COPY', () => {
  it('reads back as the rows with their masked columns replaced, split anywhere', () => {
    fc.assert(
      fc.property(
        plans.chain(plan =>
          fc.record({
            plan: fc.constant(plan),
            rows: fc.array(fc.array(fc.option(value), { minLength: plan.length, maxLength: plan.length }), {
              maxLength: 5,
            }),
          }),
        ),
        fc.constantFrom(...FORMATS),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
        ({ plan, rows }, form, forced, cuts) => {
          const masked = rows.map((row, index) =>
            row.map((cell, place) => {
              const mask = form.header && index === 0 ? undefined : plan[place]
              // The text format cannot tell an empty value from NULL ''; no reader can.
              if (cell === null || (form.kind === 'text' && form.nullText === '' && cell === '')) return null
              if (mask === undefined) return cell
              return mask === 'null' ? null : maskEnd(Buffer.from(cell).subarray(-END_BYTES), mask).toString()
            }),
          )
          const bytes = Buffer.from(rows.map(row => write(row, form, forced)).join(''))
          const masker = new CopyMasker(plan, form)
          const out: Buffer[] = []
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const next = at + (cuts[i % cuts.length] ?? 1)
            out.push(masker.feed(bytes.subarray(at, next)))
            at = next
          }
          expect(read(Buffer.concat(out).toString(), form, plan.length)).toEqual(masked)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('a row of other columns than expected ends the session', () => {
    expect(() => new CopyMasker(['nothing'], format({})).feed(Buffer.from('a\tb\n'))).toThrow('other columns')
    expect(() => new CopyMasker(['nothing', 'nothing'], format({})).feed(Buffer.from('a\n'))).toThrow(
      'other columns',
    )
  })
})

/** A reader after the same pages: character by character. */
function read(
  text: string,
  { kind, delimiter, nullText, quote, escape }: CopyFormat,
  columns: number,
): (string | null)[][] {
  const cells: (string | null)[] = []
  let field = ''
  let raw = ''
  let quoted = false
  let inside = false
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? ''
    if (!inside && (letter === delimiter || letter === '\n')) {
      cells.push(!quoted && raw === nullText ? null : field)
      field = raw = ''
      quoted = false
      continue
    }
    raw += letter
    if (kind === 'text' && letter === '\\') {
      const next = text[++at] ?? ''
      raw += next
      const control = 'bfnrtv'.indexOf(next)
      field += control >= 0 ? '\b\f\n\r\t\v'[control] : next
    } else if (
      kind === 'csv' &&
      inside &&
      letter === escape &&
      [quote, escape].includes(text[at + 1] ?? '')
    ) {
      field += text[++at]
    } else if (kind === 'csv' && letter === quote && (inside || raw === quote)) {
      inside = !inside
      quoted = true
    } else field += letter
  }
  return Array.from({ length: cells.length / columns }, (_, row) =>
    cells.slice(row * columns, (row + 1) * columns),
  )
}
