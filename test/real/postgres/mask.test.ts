import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { openLab, type Lab } from './lab.ts'
import { CLEAR, MASKED_SCHEMA, MASKS, REFUSED, SHOWN } from './mask-world.ts'

describe.skipIf(missing('postgres15', 'psql').length > 0)('masked columns', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab({ schema: MASKED_SCHEMA, rules: { mask: MASKS, resultBytes: 65_536 } })
  })
  afterAll(() => lab?.close())

  /** Everything that was recorded of all sessions so far. */
  const recorded = () =>
    JSON.stringify(
      lab.sessions.flatMap(session => [...session.guard.outcomes.values()].map(one => one.result)),
    )

  it('plain result columns leave masked, everything else as it is', async () => {
    const wrong: string[] = []
    const script = SHOWN.map(([sql]) => `${sql};\n\\echo ==`).join('\n')
    const ran = await lab.run('psql', ['-X', '-A', '-t'], {}, script)
    const answers = ran.out.split('==\n')
    for (const [index, [sql, rows]] of SHOWN.entries())
      if (answers[index] !== rows)
        wrong.push(`${sql}\n  wanted ${JSON.stringify(rows)}\n  got    ${JSON.stringify(answers[index])}`)
    expect(ran.err).not.toContain('ERROR')
    expect(wrong.join('\n')).toBe('')
    expect(recorded()).not.toMatch(/sesame(?!\.example)/)
  })

  it('attack 14: every other use of a masked column is refused, simple and extended', async () => {
    const client = await lab.client()
    const wrong: string[] = []
    for (const sql of REFUSED) {
      for (const queryMode of ['simple', 'extended'] as const) {
        if (queryMode === 'extended' && sql.startsWith('SELECT 1')) continue
        const said = await client.query({ text: sql, ...(queryMode === 'extended' && { queryMode }) }).then(
          result => JSON.stringify(result.rows ?? result),
          (error: Error & { code?: string; detail?: string }) =>
            `${error.code} ${error.message} ${error.detail ?? ''}`,
        )
        if (!said.startsWith('42501') || !said.includes('rule masked_column') || CLEAR.test(said))
          wrong.push(`${queryMode}: ${sql}\n  ${said.slice(0, 300)}`)
      }
    }
    expect(wrong.join('\n')).toBe('')
    await client.end()
  })
})
