import { describe, expect, it } from 'vitest'
import { compare, equalButForSpace, inOurWords } from './compare.ts'
import type { Refused } from './reference.ts'

const refused = (rule: string, what: string): Refused => ({ at: 0, text: 'x', rule, what })
const LOAD = refused('server_code', 'load')
const TYPO = refused('unparsable', 'does not parse: syntax error at or near "selec"')
const NEWER = refused('unparsable', 'does not parse: unrecognized partitioning strategy "magic"')

describe('how a script compares', () => {
  const gateway = `a\nERROR:  breakglass: load (rule server_code)\nERROR:  breakglass: ${NEWER.what} (rule unparsable)\n`
  const evidence = { asked: 9, refused: [LOAD, TYPO, NEWER] }

  it('is explained only when the refusals of the evidence give the very same output', () => {
    const outputs = { direct: 'a\n', gateway, reference: gateway }
    expect(compare('x', outputs, evidence)).toEqual({
      script: 'x',
      verdict: 'explained',
      statements: 9,
      refused: new Map([
        ['server_code', 1],
        ['unparsable', 1],
      ]),
      syntaxErrors: 1,
    })
    const worse = compare('x', { ...outputs, gateway: `${gateway} ` }, evidence)
    expect(worse.verdict).toBe('differs')
    expect(worse.difference).toMatch(/^line 4\n/)
  })

  it('is equal by every byte', () => {
    const outputs = { direct: 'a\n', gateway: 'a\n', reference: 'b\n' }
    expect(compare('x', outputs, { asked: 1, refused: [] }).verdict).toBe('equal')
    expect(compare('x', { ...outputs, gateway: 'a \n' }, { asked: 1, refused: [] }).verdict).toBe('differs')
  })

  it('takes a syntax error for a refusal only where our words stand in the output', () => {
    expect(inOurWords(evidence.refused, gateway)).toEqual([LOAD, NEWER])
  })

  it('ignores white space within a line where pg_regress does, and no line break', () => {
    expect(equalButForSpace(' a  |b\n', 'a| b\n')).toBe(true)
    expect(equalButForSpace('a\nb', 'ab')).toBe(false)
    expect(equalButForSpace('a', 'b')).toBe(false)
  })
})
