import { Fault } from '../kernel/faults.ts'
import type { RecordedEntry } from './read-actions.ts'
import { momentsOf, type StreamMoment, type TerminalAction, terminalOf } from './terminal-actions.ts'

/**
 * One terminal of a session as asciicast v3 (docs.asciinema.org/manual/asciicast/v3): a header, then an event per line, without the
 * ends of lines; `e` becomes `o`, as a terminal shows both. What is missing is said by a marker. `terminal`: from 1, in the order in
 * which they were opened. Resolves once the terminal is found; Faults `not_found`, `evidence.erased`. Reads no more than it tells.
 */
export async function openCast(
  entries: AsyncGenerator<RecordedEntry>,
  terminal: number,
): Promise<AsyncGenerator<string>> {
  let seen = 0
  let erased = false
  for (;;) {
    const { value: entry, done } = await entries.next()
    if (done === true) throw missing(terminal, seen, erased)
    erased ||= entry.erased === true && entry.data.kind === 'shell'
    const found = terminalOf(entry)
    if (found === undefined) continue
    seen++
    if (seen === terminal) return linesOf(entry, found, entries)
  }
}

async function* linesOf(
  { t: began }: RecordedEntry,
  terminal: TerminalAction,
  entries: AsyncGenerator<RecordedEntry>,
): AsyncGenerator<string> {
  yield headerOf(began, terminal)
  let at = 0
  const line = ([ms, code, text]: StreamMoment): string => {
    const interval = Math.max(0, ms - at)
    at = Math.max(at, ms)
    return JSON.stringify([interval / 1000, code === 'e' ? 'o' : code, text])
  }
  const mark = (t: number, text: string): string => line([Math.max(at, t - began), 'm', text])
  for await (const entry of entries) {
    const stream = momentsOf(entry)
    if (stream?.n === terminal.n) {
      if (entry.erased) yield mark(entry.t, 'erased')
      for (const moment of stream.moments) yield line(moment)
    } else if (entry.type === 'result' && entry.data.n === terminal.n) {
      if (entry.data.cut === true) yield mark(entry.t, 'cut: not everything was recorded')
      return
    } else if (entry.type === 'session.closed') {
      const { reason } = entry.data
      yield mark(entry.t, `cut: the session ended${typeof reason === 'string' ? ` (${reason})` : ''}`)
      return
    }
  }
  yield line([at, 'm', 'cut: still running when this was written'])
}

function headerOf(began: number, { term, cols, rows, command }: TerminalAction): string {
  return JSON.stringify({
    version: 3,
    term: { cols, rows, ...(term !== '' && { type: term }) },
    timestamp: Math.floor(began / 1000),
    ...(command !== undefined && { command }),
  })
}

function missing(terminal: number, seen: number, erased: boolean): Fault {
  if (erased && seen === 0) return new Fault('evidence.erased', 'What this session showed was erased.')
  const has = seen === 0 ? 'no terminal' : seen === 1 ? 'one terminal' : `${seen} terminals`
  return new Fault('not_found', `This session had ${has}; there is no number ${terminal}.`, {
    next: seen === 0 ? 'Read its actions with `breakglass replay --text`.' : `Give a number up to ${seen}.`,
    facts: { terminals: seen },
  })
}
