import type { Client } from '../client/client.ts'
import { table } from './table.ts'
import { plain, type Terminal } from './terminal.ts'
import { clock, span } from './times.ts'

/** As `/v1/sessions/{id}/terminals` lists it. */
export interface ListedTerminal {
  readonly terminal: number
  readonly began_at: string
  readonly lasted_ms?: number
  readonly cols: number
  readonly rows: number
  readonly command?: string
}

export async function terminalsOf(client: Client, session: string): Promise<readonly ListedTerminal[]> {
  const path = `/v1/sessions/${session}/terminals`
  return (await client.get<{ terminals: readonly ListedTerminal[] }>(path)).terminals
}

export function terminalTable(terminals: readonly ListedTerminal[], terminal: Terminal): readonly string[] {
  if (terminals.length === 0) return ['This session had no terminal.']
  const rows = terminals.map(({ terminal: number, began_at, lasted_ms, cols, rows: lines, command }) => [
    String(number),
    clock(began_at),
    lasted_ms === undefined ? '' : span(lasted_ms),
    `${cols}×${lines}`,
    plain(command ?? 'a login shell'),
  ])
  return table(['TERMINAL', 'OPENED', 'LASTED', 'SIZE', 'COMMAND'], rows, terminal.columns)
}
