import type { RecordedEntry } from '../client/answers.ts'
import { momentsOf, type TerminalAction, terminalOf } from '../recording/terminal-actions.ts'
import { Harmless } from '../screen/harmless.ts'
import { freePage } from './play.ts'
import type { Screen } from './screen.ts'
import { sizeNote } from './terminal-choice.ts'

/**
 * A terminal of somebody else, shown on this one as it is written. Of several, the one chosen, or else the newest: the others go on
 * unseen. Owns the screen while it shows one.
 */
export class WatchedTerminal {
  readonly #screen: Screen
  /** From 1; undefined: whichever is newest. */
  readonly #wanted: number | undefined
  readonly #say: (text: string) => void
  #seen = 0
  #shown: { readonly action: TerminalAction; readonly harmless: Harmless } | undefined

  constructor(screen: Screen, wanted: number | undefined, say: (text: string) => void) {
    this.#screen = screen
    this.#wanted = wanted
    this.#say = say
  }

  /** True: this entry is no line of a listing, either shown here or not to be shown while a terminal is. */
  async entry({ content, ...entry }: RecordedEntry): Promise<boolean> {
    const recorded = { ...entry, ...(content !== undefined && { payload: content }) } as Parameters<
      typeof terminalOf
    >[0]
    const opened = terminalOf(recorded)
    if (opened !== undefined) {
      this.#seen++
      if (this.#wanted === undefined || this.#wanted === this.#seen) await this.#show(opened)
    }
    const stream = momentsOf(recorded)
    if (stream !== undefined) {
      if (stream.n === this.#shown?.action.n) await this.#write(stream.moments, this.#shown.harmless)
      return true
    }
    const over =
      (entry.type === 'result' && entry.data['n'] === this.#shown?.action.n) ||
      entry.type === 'session.closed'
    if (!over) return this.#shown !== undefined
    await this.end()
    return false
  }

  /** Leaves the screen as it was. */
  async end(): Promise<void> {
    const ended = this.#shown?.harmless
    this.#shown = undefined
    if (ended !== undefined) await this.#screen.write(ended.end())
  }

  async #show(action: TerminalAction): Promise<void> {
    await this.end()
    if (this.#wanted === undefined && this.#seen > 1)
      this.#say(`This is terminal ${this.#seen} of the session; --terminal shows another.`)
    const note = sizeNote(action, this.#screen)
    if (note !== undefined) this.#say(note)
    this.#shown = { action, harmless: new Harmless(action.term, action.rows) }
    await this.#screen.write(freePage(this.#screen))
  }

  async #write(moments: readonly (readonly [number, string, string])[], harmless: Harmless): Promise<void> {
    for (const [, code, text] of moments) {
      if (code === 'o' || code === 'e') await this.#screen.write(harmless.text(text))
      else if (code === 'r') harmless.resize(Number(text.split('x')[1]) || 24)
    }
  }
}
