import { restore } from '../../../screen/restore.ts'
import type { ScreenMode } from '../../../screen/screen-mode.ts'
import { linesOf } from './notice.ts'

/** The last words at a terminal: whatever program had it, it is usable afterwards and says why. UTF-8. */
export function farewell(text: string, mode: ScreenMode): Buffer {
  const erase = mode.term === 'dumb' ? '' : '\u001B[J'
  return Buffer.from(`${restore(mode)}${erase}${linesOf(text).join('\r\n')}\r\n`)
}
