import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { FAST_PATH, GUARDRAIL_CASES, type GuardrailCase, RULE_SETS } from './guardrail-cases.ts'
import { LOGIN, openLab, SECRET, type Lab } from './lab.ts'
import { RawClient, say } from './raw-client.ts'

const FORMS = ['simple', 'extended', 'one of several', 'prepared', 'byte by byte'] as const
type Form = (typeof FORMS)[number]

/** Only these have a prepared form; of the others the grammar knows none. */
const PREPARABLE = /^(?:\s|--[^\n]*\n|\/\*.*?\*\/)*(?:select|insert|update|delete|merge|values|with|table)\b/i

const SCHEMA = `
  CREATE ROLE shop_owner;
  CREATE TABLE orders (id serial PRIMARY KEY, customer text, total numeric);
  INSERT INTO orders (customer, total) SELECT 'c' || i, i FROM generate_series(1, 100) i;
  CREATE TABLE archive (id int, text text, total numeric);
  INSERT INTO archive VALUES (50, 'fifty', 50);
  ALTER TABLE orders OWNER TO shop_owner;
  ALTER TABLE archive OWNER TO shop_owner;
  GRANT CREATE ON SCHEMA public TO shop_owner;
`

/** Everything a statement of the matrix could have changed. */
const STATE = `SELECT md5(concat(
  (SELECT string_agg(o::text, ',' ORDER BY id) FROM public.orders o),
  (SELECT string_agg(a::text, ',' ORDER BY id) FROM public.archive a),
  (SELECT string_agg(concat(relname, relacl, reltriggers_off), ',' ORDER BY c.oid)
     FROM pg_class c LEFT JOIN (SELECT tgrelid, count(*) FILTER (WHERE tgenabled = 'D') AS reltriggers_off FROM pg_trigger GROUP BY 1) t ON tgrelid = c.oid
     WHERE relnamespace = 'public'::regnamespace),
  (SELECT string_agg(concat(rolname, rolsuper, rolpassword), ',' ORDER BY oid) FROM pg_authid WHERE rolname !~ '^bg_'),
  (SELECT string_agg(m::text, ',' ORDER BY m::text) FROM pg_auth_members m),
  (SELECT string_agg(proname, ',' ORDER BY oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
  (SELECT string_agg(s::text, ',' ORDER BY setdatabase, setrole) FROM pg_db_role_setting s WHERE setrole = 0),
  (SELECT string_agg(concat(name, setting), ',' ORDER BY seqno) FROM pg_file_settings),
  (SELECT string_agg(gid, ',') FROM pg_prepared_xacts),
  (SELECT count(*) FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid = 'public.orders'::regclass)
)) AS state`

/**
 * Attack 14 as a table: every statement in every form in which a client can send it. What must be refused is refused by the rule that is
 * named, its text never reaches the target and nothing there changes; what must run runs. docs/GUARDRAIL-MATRIX.md is what this measured; vitest with `-u` writes it anew.
 */
describe.skipIf(missing('postgres15').length > 0)('attack 14: the guardrail matrix', () => {
  let lab: Lab
  let admin: Client
  const cells = new Map<string, string>()

  beforeAll(async () => {
    lab = await openLab({
      schema: SCHEMA,
      server: { settings: { log_statement: 'all', log_min_messages: 'log', max_prepared_transactions: '5' } },
      target: { scopes: { repair: { as: 'shop_owner' } } },
    })
    admin = new Client(lab.server.adminUrl.replace(/postgres$/, 'shop'))
    await admin.connect()
    await admin.query('SET log_statement = none')
  })
  afterAll(async () => {
    await admin.end()
    await lab.close()
  })

  const state = async () => (await admin.query<{ state: string }>(STATE)).rows[0]?.state
  const login = (refuse: readonly string[]) => {
    lab.prepareGuard(guard => Object.assign(guard, { rules: { ...guard.rules, refuse } }))
    return RawClient.login(lab.port, LOGIN, SECRET)
  }

  for (const form of FORMS) {
    it(`as ${form}`, { timeout: 180_000 }, async () => {
      for (const [under, refuse] of Object.entries(RULE_SETS)) {
        const client = await login(refuse)
        for (const [number, one] of GUARDRAIL_CASES.entries()) {
          if ((one.under ?? 'recommended') !== under) continue
          const marker = `case ${number} ${form}`
          const verdict =
            one.rule === undefined
              ? await runs(client, one, form, marker)
              : await refused(client, one, form, marker)
          cells.set(`${number} ${form}`, verdict)
        }
        client.destroy()
      }
    })
  }

  /** By the named rule, without a trace at the target. Where the form does not exist the grammar says so. */
  async function refused(client: RawClient, one: GuardrailCase, form: Form, marker: string): Promise<string> {
    const before = await state()
    await send(client, one, form, marker)
    const [error = 'no error'] = client.errors()
    const after = await state()
    expect
      .soft({ sql: one.sql, form, changed: after !== before })
      .toEqual({ sql: one.sql, form, changed: false })
    if (form === 'prepared' && !PREPARABLE.test(one.sql)) {
      expect.soft({ sql: one.sql, form, error }).toMatchObject({
        error: expect.stringMatching(/42601|42501 breakglass/),
      })
      return '–'
    }
    expect.soft({ sql: one.sql, form, error }).toEqual({
      sql: one.sql,
      form,
      error: expect.stringMatching(new RegExp(`^42501 breakglass: .*\\(rule ${one.rule}\\)$`)),
    })
    expect.soft(lab.server.log()).not.toContain(marker)
    const action = lab.guard().actions.find(({ text }) => text?.includes(marker))
    expect(action?.objections.length).toBeGreaterThan(0)
    return 'refused'
  }

  /** In a transaction that is rolled back, so that every case finds the same tables. */
  async function runs(client: RawClient, one: GuardrailCase, form: Form, marker: string): Promise<string> {
    if (form === 'prepared' && !PREPARABLE.test(one.sql)) return '–'
    if (form === 'one of several' && one.alone) return '–'
    if (form === 'extended' && one.several) return '–'
    if (!one.alone) await client.ask([say.query('begin')])
    await send(client, one, form, marker)
    expect.soft({ sql: one.sql, form, errors: client.errors() }).toEqual({ sql: one.sql, form, errors: [] })
    // CommandComplete comes from the target alone.
    expect(client.tags()).toContain('C')
    expect(lab.server.log()).toContain(marker)
    await client.ask([say.query('rollback')])
    return 'runs'
  }

  async function send(client: RawClient, one: GuardrailCase, form: Form, marker: string): Promise<void> {
    const sql = `/* ${marker} */ ${one.sql}`
    const copy = one.data === undefined ? [] : [say.copyData(one.data), say.copyDone()]
    switch (form) {
      case 'simple':
        return void (await client.ask([say.query(sql), ...copy]))
      case 'extended':
        return void (await client.ask([
          say.parse('', sql),
          say.bind('', ''),
          say.execute(''),
          ...copy,
          say.sync(),
        ]))
      case 'one of several':
        return void (await client.ask([say.query(`select 1; ${sql}\n; select 2`), ...copy]))
      case 'prepared':
        await client.ask([say.query(`prepare matrix as ${sql}`)])
        if (client.errors().length > 0) return
        await client.ask([say.query('execute matrix')])
        return void (await client.ask([say.query('deallocate matrix')]))
      case 'byte by byte':
        client.received.length = 0
        for (const byte of Buffer.concat([say.query(sql), ...copy])) {
          client.send(Buffer.of(byte))
          await new Promise(resolve => setImmediate(resolve))
        }
        await client.until('Z')
    }
  }

  it('fast path', async () => {
    const client = await login(RULE_SETS.recommended)
    const before = await state()
    for (const { oid, rule } of FAST_PATH) {
      await client.ask([say.functionCall(oid)])
      expect(client.errors()[0]).toContain(`(rule ${rule})`)
    }
    expect(await state()).toBe(before)
    client.destroy()
  })

  it('is what docs/GUARDRAIL-MATRIX.md says', async () => {
    await expect(document(cells)).toMatchFileSnapshot('../../../docs/GUARDRAIL-MATRIX.md')
  })
})

function document(cells: ReadonlyMap<string, string>): string {
  const line = (one: GuardrailCase, number: number): string => {
    const sql = one.sql.replaceAll('|', '\\|').replaceAll('\n', '⏎').replaceAll('\t', '⇥')
    const told = FORMS.map(form => cells.get(`${number} ${form}`) ?? '?')
    const rules = one.under === undefined ? '' : one.under
    return `| \`\` ${sql} \`\` | ${one.rule === undefined ? rules : `\`${one.rule}\`${rules && ` (${rules})`}`} | ${told.join(' | ')} |`
  }
  const rows = GUARDRAIL_CASES.map((one, number) => ({ one, row: line(one, number) }))
  const table = (head: string, wanted: boolean): string[] => [
    `| statement | ${head} | ${FORMS.join(' | ')} |`,
    `|---|---|${FORMS.map(() => '---').join('|')}|`,
    ...rows.filter(({ one }) => (one.rule !== undefined) === wanted).map(({ row }) => row),
  ]
  return [
    '# Guardrail matrix',
    '',
    'Written by `test/real/postgres/guardrail-matrix.test.ts`, which sends every statement in every form through the gateway to a real PostgreSQL 15',
    'and fails when a cell is no longer true. The rules are those of [GUARDRAILS.md](../src/protocols/postgres/GUARDRAILS.md).',
    '',
    'Forms: *simple* (Query), *extended* (Parse, Bind, Execute), *one of several* statements of one message, *prepared* (PREPARE and EXECUTE), *byte by byte*',
    '(each byte of the message in a packet of its own). `–`: the grammar of PostgreSQL has no such form, and the server runs nothing.',
    'Rule sets: `DEFAULT_REFUSE`; *migration* is the same without `ddl` and `do_blocks`; *absolute* names no rule.',
    '',
    `## Must be refused (${rows.filter(({ one }) => one.rule !== undefined).length})`,
    '',
    'Refused by the rule that is named; the text of the statement never reaches the server, and nothing there changes.',
    '',
    ...table('rule', true),
    '',
    'By the fast path (FunctionCall), refused without a look at the arguments: ' +
      `${FAST_PATH.map(({ name, oid }) => `\`${name}\` (${oid})`).join(', ')}.`,
    '',
    `## Must not be refused (${rows.filter(({ one }) => one.rule === undefined).length})`,
    '',
    'Runs at the server, which answers with its own CommandComplete.',
    '',
    ...table('rule set', false),
    '',
  ].join('\n')
}
