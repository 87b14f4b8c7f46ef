import { plain } from '../../../screen/plain.ts'
import type { ScreenMode } from '../../../screen/screen-mode.ts'

const SHIFTS = ['\u000F', '\u000E', '\u001Bn', '\u001Bo']

/**
 * A sentence on a line of its own, and everything as it was behind it. Only where `mode.safe` holds and no program owns the
 * screen. UTF-8; a terminal that calls itself dumb gets no control function.
 */
export function notice(text: string, mode: ScreenMode): Buffer {
  const lines = linesOf(text)
  const free = mode.fresh ? '' : '\r\n'
  if (mode.term === 'dumb') return Buffer.from(`${free}${lines.join('\r\n')}\r\n`)
  const { g0, shift } = mode.charsets
  const parts = [free]
  const put = (wrong: boolean, before: string): void => {
    if (wrong) parts.push(before)
  }
  put(g0 !== 'B', '\u001B(B')
  put(shift !== 0, '\u000F')
  put(!mode.rendition.plain, '\u001B[0m')
  put(mode.has(7), '\u001B[?7h')
  put(mode.insert, '\u001B[4l')
  parts.push(lines.map(line => `\u001B[K${line}\r\n`).join(''))
  put(mode.insert, '\u001B[4h')
  put(mode.has(7), '\u001B[?7l')
  put(!mode.rendition.plain, mode.rendition.sequence)
  put(shift !== 0, SHIFTS[shift] ?? '')
  put(g0 !== 'B', `\u001B(${g0}`)
  return Buffer.from(parts.join(''))
}

/** The lines of a sentence, with nothing in them that a terminal would act on. */
export function linesOf(text: string): readonly string[] {
  return plain(text)
    .replaceAll('\t', ' ')
    .split('\n')
    .filter(line => line.trim() !== '')
}
