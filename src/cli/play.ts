import { Harmless } from '../screen/harmless.ts'
import { type CastHeader, castEvent } from './cast.ts'
import { Pace, PACE_KEYS } from './pace.ts'
import type { Screen } from './screen.ts'

export interface PlayOptions {
  readonly speed: number
  /** Longest pause that is played. Milliseconds; Infinity: all of it. */
  readonly idleMs: number
  readonly interrupted: AbortSignal
  /** Milliseconds, only forward. */
  readonly now?: () => number
}

/** How a playback ended: by the person, or with the recording. */
export interface Played {
  readonly left: boolean
  /** Of the program that was recorded. */
  readonly exit?: string
  /** What the recording says of itself. */
  readonly marks: readonly string[]
}

/**
 * Plays a recording with its timing on somebody's screen. What was recorded is hostile until shown otherwise: only what acts on the
 * screen gets there (`Harmless`), and the screen is left as it was, however the playback ends.
 */
export async function play(
  { rows, term }: CastHeader,
  events: AsyncIterable<unknown>,
  screen: Screen,
  { speed, idleMs, interrupted, now = () => performance.now() }: PlayOptions,
): Promise<Played> {
  const harmless = new Harmless(term, rows)
  const pace = new Pace(speed, now())
  const marks: string[] = []
  const leaving = new AbortController()
  let due = 0
  let wake = (): void => undefined
  const leave = (): void => {
    leaving.abort()
    wake()
  }
  if (interrupted.aborted) leave()
  const release = screen.keys(key => {
    if (key === 'q' || key === '\u0003') return leave()
    const pressed = PACE_KEYS[key]
    if (pressed === undefined) return
    pace.press(pressed, due, now())
    wake()
  })
  interrupted.addEventListener('abort', leave)
  try {
    await screen.write(freePage(screen))
    for await (const value of events) {
      const [ms, code, text] = castEvent(value)
      due += Math.min(ms, idleMs)
      for (
        let wait = pace.wait(due, now());
        wait > 0 && !leaving.signal.aborted;
        wait = pace.wait(due, now())
      )
        await new Promise<void>(resolve => {
          const timer = wait === Infinity ? undefined : setTimeout(resolve, wait)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      if (leaving.signal.aborted) return { left: true, marks }
      if (code === 'o') await screen.write(harmless.text(text))
      else if (code === 'r') harmless.resize(Number(text.split('x')[1]) || rows)
      else if (code === 'm') marks.push(text)
      else if (code === 'x') return { left: false, exit: text, marks }
    }
    return { left: false, marks }
  } finally {
    release()
    interrupted.removeEventListener('abort', leave)
    await screen.write(harmless.end())
  }
}

/** An empty screen; what was on it has scrolled away and can be scrolled back. */
export function freePage({ rows }: Pick<Screen, 'rows'>): string {
  return `${'\r\n'.repeat(Math.max(1, rows))}\u001B[H`
}
