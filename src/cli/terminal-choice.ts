import { Fault } from '../kernel/faults.ts'
import type { Screen } from './screen.ts'

/** `--terminal`: from 1, in the order in which they were opened. Fault `input.invalid`. */
export function terminalNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new Fault('input.invalid', `--terminal: ${JSON.stringify(text)} is no number.`, {
    next: 'Give 1 for the first terminal of the session.',
  })
}

/** What to say when a recorded terminal does not fit the one it is shown on: lines then break elsewhere. */
export function sizeNote(
  { cols, rows }: { readonly cols: number; readonly rows: number },
  screen: Pick<Screen, 'columns' | 'rows'>,
): string | undefined {
  if (screen.columns === cols && screen.rows >= rows) return undefined
  const fits = screen.columns >= cols && screen.rows >= rows
  return `Recorded at ${cols}×${rows}, yours is ${screen.columns}×${screen.rows}: ${fits ? 'long lines' : 'some of it'} will look different. Make the window ${cols}×${rows} to see it as it was.`
}
