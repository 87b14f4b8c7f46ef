import type { ScreenMode } from './screen-mode.ts'

/** Private modes whose place in what is put back is decided below. */
const PLACED = new Set([6, 47, 1047, 1049])
const ON_AT_FIRST = new Set([7, 25])

/**
 * What leaves a terminal as its owner had it before the programs whose output led to this mode: main screen, whole screen
 * scrolling, cursor shown, no reports of mouse, focus or paste, plain keys, plain characters. The cursor ends in column 1 of a line
 * that is free, below everything where a program had the screen. What is surely as it should be is not touched. Sequences: xterm
 * ctlseqs; kitty keyboard protocol.
 */
export function restore(mode: ScreenMode): string {
  if (mode.term === 'dumb') return mode.fresh ? '' : '\r\n'
  const parts: string[] = []
  const put = (wrong: boolean, text: string): void => {
    if (wrong) parts.push(text)
  }
  // CAN ends what is unfinished; ST ends it for those that take CAN for part of a string, and is nothing to the others.
  put(!mode.ground, '\u0018\u001B\\')
  // These place the cursor, which no longer matters on a screen that is left.
  put(mode.has(6), '\u001B[?6l')
  put(mode.region, '\u001B[r')
  for (const alternate of [47, 1047, 1049]) put(mode.has(alternate), `\u001B[?${alternate}l`)
  put(mode.regionBelow, '\u001B7\u001B[r\u001B8')
  for (const other of mode.modes)
    put(!PLACED.has(other), `\u001B[?${other}${ON_AT_FIRST.has(other) ? 'h' : 'l'}`)
  put(mode.keypad, '\u001B>')
  put(mode.insert, '\u001B[4l')
  put(mode.cursorStyle, '\u001B[0 q')
  for (const resource of mode.keys) parts.push(`\u001B[>${resource}m`)
  put(mode.keyboards > 0, `\u001B[<${mode.keyboards}u`)
  put(mode.designated, '\u001B(B\u000F')
  // With the cursor of the main screen its attributes came back as well, whatever they were.
  put(!mode.rendition.plain || mode.alternate, '\u001B[0m')
  // 1049 has brought the cursor back; everywhere else a program may have left it anywhere on its screen.
  put(mode.fullScreen && !mode.has(1049), '\u001B[9999;1H')
  put(!mode.fresh || mode.fullScreen, '\r\n')
  return parts.join('')
}
