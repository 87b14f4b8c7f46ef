import { describe, expect, it } from 'vitest'
import { suggest } from './suggest.ts'

describe('suggest', () => {
  it.each([
    ['opne', ['open', 'resolved'], 'Did you mean "open"?'],
    ['ordrs-db', ['users-db', 'orders-db'], 'Did you mean "orders-db"?'],
    ['refuses', ['use', 'refuse', 'mask'], 'Did you mean "refuse"?'],
    ['xyz', ['open', 'mitigated'], 'Known are mitigated, open.'],
    ['a', ['b'], 'Known are b.'],
    ['a', [], 'There are none yet.'],
  ])('%s among %j', (wrong, names, said) => {
    expect(suggest(wrong, names)).toBe(said)
  })

  it('shows a long list in part', () => {
    const names = Array.from({ length: 20 }, (_, i) => `target-${i + 10}`)
    expect(suggest('something-else', names)).toMatch(/^Known are target-10, .*, and 8 more\.$/)
  })
})
