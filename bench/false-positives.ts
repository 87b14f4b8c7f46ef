import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Client, type Submittable } from 'pg'
import { createInspector } from '../src/protocols/postgres/inspect/inspect.ts'
import { splitPsqlScript } from '../src/protocols/postgres/inspect/script/split-psql-script.ts'
import { DEFAULT_REFUSE, type RuleName } from '../src/protocols/postgres/inspect/refuse-rules.ts'
import { bringSource } from '../test/real/regress/source.ts'
import { missing } from '../test/real/servers/missing.ts'
import { startPostgres } from '../test/real/servers/postgres.ts'
import { keep } from './machine.ts'

/**
 * How often the guardrails refuse what they should not: every message of a folder of psql scripts, by default PostgreSQL's own regression
 * scripts, is judged under the absolute rules and under DEFAULT_REFUSE. A refusal counts as wrong when
 * - rule `unparsable`: the expected output of the script shows no error for it; without such outputs (`../expected/NAME.out`) a real
 *   PostgreSQL 15 is asked, which parses the text and never runs it;
 * - any other rule: the text does not hold the words that GUARDRAILS.md gives for the rule (below, as a second opinion that knows no grammar).
 * Usage: `npm run bench false-positives`, or `node --import tsx bench/false-positives.ts FOLDER [-v]`.
 */
const [given, verbose] = process.argv.slice(2)

const WORDS: Partial<Record<RuleName, RegExp>> = {
  set_role: /\b(set|reset)\b[\s\S]*\b(role|session\s+authorization|session_authorization)\b/i,
  pinned_settings:
    /\b(set|set_config)\b[\s\S]*\b(standard_conforming_strings|client_encoding|names)\b|set_config\s*\(\s*[^']/i,
  two_phase: /\b(prepare\s+transaction|(commit|rollback)\s+prepared)\b/i,
  copy_program: /\bcopy\b[\s\S]*\bprogram\b/i,
  server_files:
    /\bcopy\b[\s\S]*\b(from|to)\s+'|\b(lo_import|lo_export|pg_read_\w+|pg_stat_file|pg_ls_dir|pg_hba_file_rules|pg_ident_file_mappings|pg_show_all_file_settings|create\s+tablespace)\b/i,
  server_code: /\bload\b|\blanguage\s+'?(c|internal|\w+u)\b|\balter\s+system\b/i,
  outside_connections: /\bdblink\w*|\bsubscription\b|\bimport\s+foreign\s+schema\b|\bhttp_\w+/i,
  hidden_sql: /\bquery_to_xml\w*|\bts_stat\b|\bts_rewrite\b|\bcrosstab\w*/i,
  roles: /\b(create|alter|drop)\s+(role|user|group)\b|\b(grant|revoke)\b/i,
  several_prepares: /\bprepare\b[\s\S]*\bprepare\b/i,
  ddl: /\b(create|alter|drop|comment|into|import|security|reassign|rename)\b/i,
  write_without_where: /\b(update|delete|merge|truncate)\b/i,
  side_effect_functions: /\b(pg_\w+|setval|lo\w+|\w+_to_xml\w*|binary_upgrade\w*)\s*\(/i,
  do_blocks: /\bdo\b/i,
  dcl: /\b(grant|revoke|owner|owned|privileges|security\s+label)\b/i,
  server_settings: /\balter\s+(system|database)\b/i,
}

/** Names of relations in pg_catalog, as the server has them: writing to these, or to a schema of its own, is what `system_catalogs` is about. */
let catalogs: ReadonlySet<string> = new Set()

function writesCatalog(text: string): boolean {
  const targets = text.matchAll(
    /\b(?:insert\s+into|update|delete\s+from|merge\s+into|copy|truncate(?:\s+table)?)\s+(?:only\s+)?((?:pg_catalog|information_schema|pg_toast)\.)?"?(\w+)/gi,
  )
  return [...targets].some(
    ([, schema, name]) => schema !== undefined || catalogs.has(name?.toLowerCase() ?? ''),
  )
}

const SYNTAX_ERROR = '42601'

/** The change is taken back. */
const BACK = /\b(?:reset\s+standard_conforming_strings|standard_conforming_strings\s*(?:=|to)\s*on)\b/i

interface Refusal {
  readonly file: string
  readonly line: number
  readonly rule: string
  readonly what: string
  readonly text: string
}

const source = given === undefined ? await bringSource() : { folder: join(given, '..') }
if (typeof source === 'string') console.log(`Skipped: ${source}`)
else if (missing('postgres15').length > 0) console.log(`Skipped: ${missing('postgres15').join('; ')}`)
else await judgeFolder(given ?? join(source.folder, 'sql'))

async function judgeFolder(from: string): Promise<void> {
  const files = statSync(from).isDirectory()
    ? readdirSync(from)
        .filter(name => name.endsWith('.sql'))
        .sort()
        .map(name => join(from, name))
    : [from]
  const inspector = createInspector({ parseMs: 10_000 })
  const server = await startPostgres()
  const asked = new Client(server.adminUrl)
  await asked.connect()
  const { rows } = await asked.query<{ relname: string }>(
    "SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace",
  )
  catalogs = new Set(rows.map(({ relname }) => relname))
  const counts = {
    files: files.length,
    messages: 0,
    statements: 0,
    commands: 0,
    data: 0,
    read: 0,
    unknown: 0,
  }
  const refusals: Record<string, Refusal[]> = { absolute: [], recommended: [] }
  for (const path of files) {
    const script = splitPsqlScript(readFileSync(path, 'utf8'))
    counts.commands += script.commands
    counts.data += script.data
    // Behind a change of how text is read, which is refused, psql reads the script in another way than we do.
    let otherwise = false
    for (const { text, line, guessed } of script.messages) {
      if (guessed || otherwise) {
        counts.unknown++
        if (BACK.test(text)) otherwise = false
        continue
      }
      const [absolute, recommended] = [
        await inspector.inspect(text, []),
        await inspector.inspect(text, DEFAULT_REFUSE),
      ]
      otherwise = absolute.objections.some(({ rule }) => rule === 'pinned_settings') && /strings/.test(text)
      counts.messages++
      counts.statements += Math.max(1, absolute.verbs.length)
      if (absolute.ok) counts.read++
      for (const [set, seen] of [
        ['absolute', absolute],
        ['recommended', recommended],
      ] as const)
        for (const { rule, what } of seen.objections)
          refusals[set]?.push({ file: basename(path), line, rule, what, text })
    }
  }
  await inspector.close()

  console.log(
    `${counts.files} files, ${counts.messages} messages, ${counts.statements} statements; stepped over ${counts.commands} psql commands and ${counts.data} lines of data; not judged, as they hold a variable that only a server could have set, or stand behind a refused change of how text is read: ${counts.unknown}`,
  )
  const results: Record<string, unknown>[] = [{ folder: basename(from), ...counts }]
  for (const [set, found] of Object.entries(refusals)) {
    const wrong: Refusal[] = []
    for (const refusal of found) if (!(await isRight(refusal, from, asked))) wrong.push(refusal)
    const rules = [...new Set(found.map(({ rule }) => rule))].sort()
    console.log(
      `\n${set === 'absolute' ? 'absolute rules only' : 'DEFAULT_REFUSE'}: ${found.length} objections`,
    )
    for (const rule of rules) {
      const [all, bad] = [found, wrong].map(list => list.filter(one => one.rule === rule).length)
      console.log(`  ${rule.padEnd(24)} ${String(all).padStart(6)}   refused although permitted: ${bad}`)
      results.push({ rules: set, rule, objections: all, wrong: bad })
    }
    for (const { file, line, rule, what, text } of verbose === '-v' ? found : wrong)
      console.log(
        `  ${file}:${line} ${rule}: ${what}\n      ${text.slice(0, 300).replaceAll('\n', '\n      ')}`,
      )
  }
  await asked.end()
  await server.stop()
  keep('false-positives', results)
}

/** Whether the refusal is one that the documentation of the rules lets expect. */
async function isRight({ file, rule, text }: Refusal, from: string, server: Client): Promise<boolean> {
  if (rule === 'system_catalogs') return writesCatalog(text)
  if (rule !== 'unparsable') return WORDS[rule as RuleName]?.test(text) ?? false
  const expected = join(from, '..', 'expected', file.replace(/sql$/, 'out'))
  if (existsSync(expected)) return failsIn(readFileSync(expected, 'utf8'), text)
  return (await codeOfParse(text, server)) === SYNTAX_ERROR
}

/** psql echoes what it read and then tells the error. Comments and empty lines before a statement are echoed in other ways. */
function failsIn(expected: string, text: string): boolean {
  const last = (text.split('\n').at(-1) ?? text).replaceAll(';', '\\;')
  for (let at = expected.indexOf(last); at >= 0; at = expected.indexOf(last, at + 1))
    if (/^[^\n]*\n(?:;\n)?(?:psql:\S+ )?ERROR:/.test(expected.slice(at + last.length))) return true
  return false
}

/** What the server says to a Parse of the text, which runs nothing; undefined when it takes it. */
function codeOfParse(text: string, server: Client): Promise<string | undefined> {
  return new Promise(resolve => {
    server.query({
      submit(connection: { parse(query: object): void; sync(): void }) {
        connection.parse({ name: '', text, types: [] })
        connection.sync()
      },
      handleError: (error: { readonly code?: string }) => resolve(error.code ?? 'XX000'),
      handleReadyForQuery: () => resolve(undefined),
    } as unknown as Submittable)
  })
}
