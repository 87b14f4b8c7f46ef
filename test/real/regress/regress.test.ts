/** A fast part of regress.soak.ts, with evidence `before`: what is most about the wire and about text. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { pipelineTests } from './pipeline.ts'
import { startRegression, type Regression } from './regression.ts'
import { bringSource, type Source } from './source.ts'

const here = missing('postgres15', 'psql')
const source = here.length > 0 ? here.join('; ') : await bringSource()

describe.skipIf(typeof source === 'string')(
  `PostgreSQL's regression scripts ${typeof source === 'string' ? `(${source})` : ''}`,
  () => {
    let regression: Regression
    beforeAll(async () => {
      regression = await startRegression(source as Source, 'before')
      await regression.setUp('test_setup')
    })
    afterAll(() => regression.close())

    it.each([
      ['boolean', {}],
      ['numerology', {}],
      ['pg_lsn', {}],
      ['strings', { pinned_settings: 4 }],
      ['errors', {}],
      ['copyselect', {}],
      ['copydml', {}],
      ['transactions', {}],
      ['portals', {}],
      ['prepared_xacts', { two_phase: 15 }],
      ['async', {}],
      ['psql_crosstab', {}],
      ['json_encoding', {}],
      ['prepare', {}],
    ])('%s', async (script, rules) => {
      const { verdict, refused, difference } = await regression.run(script)
      expect(difference).toBeUndefined()
      expect(verdict).toBe(Object.keys(rules).length === 0 ? 'equal' : 'explained')
      expect(Object.fromEntries(refused)).toEqual(rules)
    })

    it('libpq pipelines', async () => {
      for (const test of await pipelineTests(source as Source)) {
        expect(await regression.pipeline(test)).toEqual({ test, verdict: 'equal' })
      }
    })
  },
)
