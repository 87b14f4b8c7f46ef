import type { RecordedEntry, Session } from '../client/answers.ts'
import { momentsOf, type StreamMoment } from '../recording/terminal-actions.ts'
import { words } from '../screen/words.ts'
import { short } from './names.ts'
import { table } from './table.ts'
import { plain, type Terminal } from './terminal.ts'
import { clock, span } from './times.ts'

export function sessionTable(sessions: readonly Session[], terminal: Terminal): readonly string[] {
  if (sessions.length === 0) return ['No sessions.']
  const rows = sessions.map(
    ({ id, person, target, opened_at, closed_at, reason, actions, refused, rows, changed }) => [
      short(id),
      person,
      target,
      clock(opened_at),
      closed_at === undefined ? 'open' : span(Date.parse(closed_at) - Date.parse(opened_at)),
      `${actions}${refused > 0 ? ` (${refused} refused)` : ''}`,
      String(rows),
      String(changed),
      reason ?? '',
    ],
  )
  return table(
    ['SESSION', 'WHO', 'TARGET', 'OPENED', 'LASTED', 'ACTIONS', 'ROWS', 'CHANGED', 'END'],
    rows,
    terminal.columns,
  )
}

/** An entry as a person reads it: when, what, and the text that was sealed, with nothing that could move the cursor. */
export function entryLines(entry: RecordedEntry, terminal: Terminal): readonly string[] {
  const time = new Date(entry.at).toISOString().slice(11, 23)
  const refused = entry.outcome === 'refused'
  const head = `${terminal.paint('dim', `${time} UTC`)}  ${refused ? terminal.paint('red', 'refused') : (entry.outcome ?? '').padEnd(7)}  ${entry.type}${facts(entry)}`
  if (entry.erased) return [head, '    (content erased)']
  const stream = momentsOf({ ...entry, payload: entry.content } as Parameters<typeof momentsOf>[0])
  if (stream !== undefined) return [head, ...streamLines(stream.moments)]
  const text = textOf(entry.content)
  return text === undefined
    ? [head]
    : [
        head,
        ...plain(text)
          .split('\n')
          .map(line => `    ${line}`),
      ]
}

/** What went in has an arrow; of what came out, the words. */
function streamLines(moments: readonly StreamMoment[]): readonly string[] {
  return moments.flatMap(([, code, text]) => {
    const lines = plain(words(text))
      .split('\n')
      .filter(line => line.trim() !== '')
    return lines.map(line => `    ${code === 'o' || code === 'e' ? '' : `${SIGNS[code] ?? code} `}${line}`)
  })
}

const SIGNS: Readonly<Record<string, string>> = { i: '<', r: 'resized', m: '--', x: 'exit' }

function facts({ data }: RecordedEntry): string {
  const shown = ['kind', 'verbs', 'rules', 'rows', 'changed', 'bytes', 'ms', 'reason']
    .filter(name => data[name] !== undefined)
    .map(
      name =>
        `${name}=${Array.isArray(data[name]) ? (data[name] as unknown[]).join(',') : String(data[name])}`,
    )
  return shown.length === 0 ? '' : `  ${plain(shown.join(' '))}`
}

function textOf(content: unknown): string | undefined {
  if (content === undefined || content === null) return undefined
  if (typeof content === 'string') return content
  if (typeof content === 'object' && 'text' in content && typeof content.text === 'string')
    return content.text
  return JSON.stringify(content)
}
