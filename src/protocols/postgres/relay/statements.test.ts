import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Inspection } from '../inspect/inspector.ts'
import { Statements, united, type Definition } from './statements.ts'

function definition(verb: string): Definition {
  const inspection: Inspection = {
    ok: true,
    verbs: [verb],
    writes: verb !== 'select',
    autocommitWrite: false,
    transactionControl: false,
    statements: [],
    objections: [],
  }
  return { inspection, text: verb, seq: 0 }
}

describe('Statements', () => {
  it('attack 14: whatever the target did with a pipeline of Parses and Binds, the record names what ran', () => {
    // A model of the server: a named Parse fails when the name is taken, an error skips to the next Sync.
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('parse' as const),
          name: fc.constantFrom('', 'a', 'b'),
          broken: fc.boolean(),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('bind' as const), name: fc.constantFrom('', 'a', 'b') }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('sync' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('close' as const), name: fc.constantFrom('', 'a', 'b') }),
      },
      // The answers to everything sent so far arrive.
      { weight: 2, arbitrary: fc.record({ do: fc.constant('answers' as const) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const ours = new Statements()
        const server = new Map<string, Definition>()
        let skipping = false
        let answers: (() => void)[] = []
        let verbs = 0
        for (const one of steps) {
          if (one.do === 'sync') {
            ours.nextSegment()
            skipping = false
          } else if (one.do === 'answers') {
            for (const answer of answers) answer()
            answers = []
          } else if (one.do === 'parse') {
            const made = definition(`verb${verbs++}`)
            ours.asked(one.name, made)
            const fails = skipping || one.broken || (one.name !== '' && server.has(one.name))
            if (fails) skipping = true
            else server.set(one.name, made)
            answers.push(() => (fails ? ours.failed(one.name, made) : ours.confirmed(one.name, made)))
          } else if (one.do === 'close') {
            if (skipping) continue
            server.delete(one.name)
            answers.push(() => ours.closed(one.name))
          } else {
            const found = ours.find(one.name)
            const runs = skipping ? undefined : server.get(one.name)
            if (!runs) continue
            expect(found).toContain(runs)
            expect(united(found).verbs).toContain(runs.inspection.verbs[0])
          }
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('an ordinary pipeline is recorded as exactly what it is, not as what the name meant before', () => {
    const statements = new Statements()
    const [first, second] = [definition('select'), definition('update')]
    statements.asked('', first)
    statements.confirmed('', first)
    statements.nextSegment()
    statements.asked('', second)
    expect(statements.find('')).toEqual([second])
  })
})
