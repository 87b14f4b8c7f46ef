import { describe, expect, it } from 'vitest'
import { decide } from './decide.ts'
import { EXAMPLE, facts, loaded } from './example.suite.ts'

describe('decide', () => {
  it('lets the on-call responder of a signed incident in without waiting', () => {
    const ruling = decide(loaded(EXAMPLE), facts)
    expect(ruling).toMatchObject({
      kind: 'allowed',
      durationMs: 1_800_000,
      approval: { mode: 'automatic', otherwise: { count: 1, from: { groups: ['incident-commanders'] } } },
      terms: { procedure: 'orders-db-emergency', scope: { use: 'repair', writesPerStatement: 10000 } },
    })
  })
})
