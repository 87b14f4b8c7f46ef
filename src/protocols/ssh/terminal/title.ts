import type { ScreenMode } from '../../../screen/screen-mode.ts'
import { linesOf } from './notice.ts'

/** Terminals whose descriptions know a title, or that pass one on; what others do with OSC is not known. */
const TITLED =
  /^(xterm|rxvt|screen|tmux|alacritty|foot|kitty|konsole|gnome|vte|putty|st-|wezterm|ghostty|contour)/

/**
 * A sentence in the window's title and a bell: all that can be said without touching a screen that a program owns. Kept under the
 * title that was there (xterm's title stack), which `formerTitle` brings back. Empty for terminals without a title.
 */
export function title(text: string, mode: ScreenMode, former: 'keep' | 'kept'): Buffer {
  if (!TITLED.test(mode.term)) return Buffer.alloc(0)
  const push = former === 'keep' ? '\u001B[22;2t' : ''
  return Buffer.from(`${push}\u001B]2;${linesOf(text).join(' ')}\u0007\u0007`)
}

/** What a title put away with `keep` comes back by. */
export const FORMER_TITLE = '\u001B[23;2t'
