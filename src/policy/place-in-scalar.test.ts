import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Document, isScalar, parseDocument, type Scalar } from 'yaml'
import { placeInScalar } from './place-in-scalar.ts'

const STYLES = ['BLOCK_FOLDED', 'BLOCK_LITERAL', 'PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE'] as const

function written(value: string, style: Scalar.Type): { source: string; value: string } {
  const document = new Document({ deep: { when: value } })
  const node = document.getIn(['deep', 'when'], true) as Scalar
  node.type = style
  const text = document.toString({ lineWidth: 40 })
  const found = parseDocument(text).getIn(['deep', 'when'], true)
  if (!isScalar(found) || !found.range || typeof found.value !== 'string') throw new Error('not a text')
  return { source: text.slice(found.range[0], found.range[1]), value: found.value }
}

describe('placeInScalar', () => {
  const words = fc.array(
    fc.constantFrom('incident', '==', '"open"', "it's", 'a\\b', '&&', '\n', '  ', 'é', '😀', '\t', '#x'),
    {
      minLength: 1,
      maxLength: 30,
    },
  )

  it('finds every visible character of a text, in every style, in its source', () => {
    fc.assert(
      fc.property(words, fc.constantFrom(...STYLES), (parts, style) => {
        const { source, value } = written(parts.join(' '), style)
        let last = -1
        for (let at = 0; at < value.length; at++) {
          const unit = value[at] ?? ''
          if (!/\S/.test(unit)) continue
          const place = placeInScalar(source, value, at)
          const shown = source[place]
          // An escaped character is found at its backslash.
          expect(shown === unit || shown === '\\').toBe(true)
          expect(place).toBeGreaterThan(last)
          last = place
        }
      }),
      { numRuns: 200 },
    )
  })

  it('counts an escape as the character it stands for', () => {
    const source = String.raw`"a\x41\u0042\tc\"d"`
    const value = 'aAB\tc"d'
    const visible = [0, 1, 2, 4, 5, 6]
    expect(visible.map(at => placeInScalar(source, value, at))).toEqual([1, 2, 6, 14, 15, 17])
  })

  it('stays inside the text for a place behind its end', () => {
    expect(placeInScalar('>\n  a ==\n', 'a ==\n', 99)).toBe(8)
    expect(placeInScalar('""', '', 0)).toBe(0)
  })
})
