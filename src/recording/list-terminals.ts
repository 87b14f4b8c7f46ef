import type { RecordedEntry } from './read-actions.ts'
import { terminalOf } from './terminal-actions.ts'

/** One of the terminals of a session, numbered from 1 in the order in which they were opened. */
export interface ListedTerminal {
  readonly terminal: number
  /** Wall ms. */
  readonly began: number
  /** Undefined: it had not ended when this was read. */
  readonly lastedMs?: number
  readonly cols: number
  readonly rows: number
  /** Undefined for a login shell. */
  readonly command?: string
}

/** The terminals that entries tell of; `cast --terminal N` and `watch --terminal N` count them the same way. Reads them all. */
export async function listTerminals(
  entries: AsyncIterable<RecordedEntry>,
): Promise<readonly ListedTerminal[]> {
  const listed: ListedTerminal[] = []
  const running = new Map<unknown, number>()
  for await (const entry of entries) {
    const { type, data, t } = entry
    const found = terminalOf(entry)
    if (found !== undefined) {
      const { cols, rows, command } = found
      running.set(found.n, listed.length)
      listed.push({
        terminal: listed.length + 1,
        began: t,
        cols,
        rows,
        ...(command !== undefined && { command }),
      })
    }
    const at = type === 'result' ? running.get(data.n) : undefined
    const ended = at === undefined ? undefined : listed[at]
    if (at === undefined || ended === undefined) continue
    running.delete(data.n)
    listed[at] = { ...ended, lastedMs: Math.max(0, t - ended.began) }
  }
  return listed
}
