import type { Statement } from '../client/answers.ts'
import { plain, type Style, type Terminal } from './terminal.ts'

const STYLES: Readonly<Record<string, Style>> = { refused: 'red', failed: 'red', 'not run': 'dim' }

const WORDS: Readonly<Record<string, string>> = {
  read: '',
  change: ' (changed)',
  define: ' (defined)',
  call: '()',
  touch: ' (touched)',
}

/** Lines of text shown of a statement; `--json` has all of it. */
const LINES = 12

/** `time  verb  read|write  rows  ms  verdict  objects`, then the text, its facts, and why it was refused or failed. */
export function statementLines(statement: Statement, terminal: Terminal): readonly string[] {
  const { at, verbs, writes, verdict, objects, part, of, erased } = statement
  const head = [
    terminal.paint('dim', `${new Date(at).toISOString().slice(11, 23)} UTC`),
    plain(verbs.join(', ')).padEnd(14),
    writes ? 'write' : 'read ',
    rowsOf(statement).padStart(14),
    (statement.ms === undefined ? '' : `${statement.ms.toFixed(1)} ms`).padStart(12),
    paint(verdict.padEnd(10), STYLES[verdict], terminal),
    plain(objects.map(({ name, access }) => `${name}${WORDS[access] ?? ''}`).join(', ')),
    ...(of === undefined
      ? []
      : [terminal.paint('dim', part === undefined ? `${of} statements` : `${part} of ${of}`)]),
  ]
  return [
    head.join('  ').trimEnd(),
    ...(erased ? ['    (content erased)'] : textLines(statement.text)),
    ...factLines(statement.detail).map(line => `    ${terminal.paint('dim', line)}`),
    ...reasons(statement).map(line => `    ${terminal.paint('red', line)}`),
  ]
}

function paint(text: string, style: Style | undefined, terminal: Terminal): string {
  return style === undefined ? text : terminal.paint(style, text)
}

/** `3 changed`, `100 rows`; a write whose changes nothing counted says so. */
function rowsOf({ rows, changed, objects, verdict }: Statement): string {
  if (changed !== undefined) return `${changed} changed`
  if (rows === undefined) return ''
  if (verdict === 'done' && objects.some(({ access }) => access === 'change')) return 'not counted'
  return `${rows} ${rows === 1 ? 'row' : 'rows'}`
}

function textLines(text: string | undefined): readonly string[] {
  if (text === undefined) return []
  const lines = plain(text).split('\n')
  const shown = lines.slice(0, LINES).map(line => `    ${line}`)
  return lines.length > LINES ? [...shown, `    … ${lines.length - LINES} more lines`] : shown
}

/** `written 300001, writtenSha256 1883…`. */
function factLines(detail: Statement['detail']): readonly string[] {
  const facts = Object.entries(detail ?? {}).map(([name, value]) => plain(`${name} ${String(value)}`))
  return facts.length > 0 ? [facts.join(', ').replaceAll('\n', ' ')] : []
}

function reasons({ refused, error, verdict }: Statement): readonly string[] {
  if (verdict === 'refused')
    return (refused ?? []).map(({ rule, what, at }) =>
      plain(`${what} (rule ${rule}${at === undefined ? '' : `, character ${at}`})`),
    )
  return error === undefined ? [] : [plain(`${error.code} ${error.message ?? ''}`.trim())]
}
