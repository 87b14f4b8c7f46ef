import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workerFile } from '../../../kernel/worker-file.ts'
import { createInspector } from './inspect.ts'
import type { Inspector } from './inspector.ts'
import { DEFAULT_REFUSE } from './refuse-rules.ts'

// The worker is the built one: say so instead of timing out.
beforeAll(() => {
  const file = workerFile(import.meta.url, './worker.ts')
  if (!existsSync(file)) throw new Error('build first: npx tsc -p tsconfig.build.json')
})

const open: Inspector[] = []
const inspector = (options = {}): Inspector => {
  const made = createInspector(options)
  open.push(made)
  return made
}
afterAll(async () => {
  await Promise.all(open.map(one => one.close()))
})

const rules = async (guard: Inspector, sql: string, refuse: readonly string[] = DEFAULT_REFUSE) =>
  (await guard.inspect(sql, refuse)).objections.map(objection => objection.rule)

describe('the inspector', () => {
  it('answers by promise first and at once from then on, under each list of rules', async () => {
    const guard = inspector()
    const first = guard.inspect('DROP TABLE "t"', DEFAULT_REFUSE)
    expect(first).toBeInstanceOf(Promise)
    const refused = await first
    expect(refused.objections).toMatchObject([{ rule: 'ddl', what: 'drop table' }])
    expect(guard.inspect('DROP TABLE "t"', DEFAULT_REFUSE)).toEqual(refused)
    expect(guard.inspect('DROP TABLE "t"', [])).toMatchObject({ ok: true, objections: [] })
  })

  it('answers at once for another number in a known shape', async () => {
    const guard = inspector()
    await guard.inspect('SELECT a FROM t WHERE id = 1', [])
    expect(guard.inspect('SELECT a FROM t WHERE id = 99', [])).toMatchObject({ ok: true, verbs: ['select'] })
    expect(guard.inspect('SELECT a FROM u WHERE id = 99', [])).toBeInstanceOf(Promise)
  })

  it('attack 13: refuses a NUL, which would hide what follows it', async () => {
    expect(await rules(inspector(), 'SELECT 1\0; DROP TABLE t')).toEqual(['unparsable'])
  })

  it('refuses what does not parse with the words of the parser', async () => {
    const seen = await inspector().inspect('SELEC 1', [])
    expect(seen.ok).toBe(false)
    expect(seen.objections[0]?.what).toContain('syntax error')
  })

  it('lets an empty message pass', async () => {
    const guard = inspector()
    for (const sql of ['', ' ', ';', '-- x'])
      expect(await guard.inspect(sql, DEFAULT_REFUSE)).toMatchObject({ ok: true, verbs: [], objections: [] })
  })

  it('refuses a text longer than the limit without reading it', () => {
    expect(inspector({ textAtMost: 100 }).inspect(`SELECT ${'1,'.repeat(100)}1`, [])).toMatchObject({
      ok: false,
      objections: [{ rule: 'too_complex' }],
    })
  })

  it('attack 13: survives parser bombs; others are answered meanwhile, the same inspector goes on', async () => {
    const guard = inspector({ parseMs: 10_000 })
    // Whether the first is read in time depends on the machine; the others run out of stack on every one.
    const chain = rules(guard, `SELECT ${'1+'.repeat(10_000)}1`)
    const bombed = Promise.all([
      rules(guard, `SELECT ${'NOT '.repeat(9000)}true`),
      rules(guard, `SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`),
      rules(guard, `SELECT ${'NOT '.repeat(9000)}false`),
      rules(guard, `${'SELECT * FROM ('.repeat(3000)}SELECT 1${') x'.repeat(3000)}`),
    ])
    const others = await Promise.all(
      Array.from({ length: 50 }, (_, i) => rules(guard, `DELETE FROM "t${i}"`)),
    )
    expect(others.every(found => found.join() === 'write_without_where')).toBe(true)
    expect([[], ['too_complex']]).toContainEqual(await chain)
    for (const found of await bombed) expect(found).toEqual(['too_complex'])
    expect(await rules(guard, `SELECT ${'1,'.repeat(5000)}1`)).toEqual([])
  })

  it('attack 13: a long list is read, not feared', async () => {
    const list = Array.from({ length: 50_000 }, (_, i) => i).join(',')
    // That it is read is the claim; how long it may take is the next one's.
    expect(await rules(inspector({ parseMs: 20_000 }), `DELETE FROM t WHERE id IN (${list})`)).toEqual([])
  })

  it('ends a parse that takes too long, and the next text gets a fresh worker', async () => {
    const guard = inspector({ parseMs: 150 })
    const list = (length: number) => Array.from({ length }, (_, i) => i).join(',')
    expect(await rules(guard, `SELECT 1 FROM t WHERE a IN (${list(150_000)})`)).toEqual(['too_complex'])
    expect(await rules(guard, `SELECT 1 FROM t WHERE a IN (${list(1000)})`)).toEqual([])
  })

  it('does not remember a fault: the same text may pass another time', async () => {
    const guard = inspector({ parseMs: 1 })
    const text = `SELECT 1 FROM t WHERE a IN (${Array.from({ length: 100_000 }, (_, i) => i).join(',')})`
    await guard.inspect(text, [])
    expect(guard.inspect(text, [])).toBeInstanceOf(Promise)
  })

  it('never rejects, also when closed', async () => {
    const guard = inspector()
    const waiting = Array.from({ length: 20 }, (_, i) => rules(guard, `SELECT "${i}"`))
    await guard.close()
    for (const found of await Promise.all(waiting)) expect([[], ['too_complex']]).toContainEqual(found)
    expect(await rules(guard, 'SELECT "x"')).toEqual(['too_complex'])
  })
})
