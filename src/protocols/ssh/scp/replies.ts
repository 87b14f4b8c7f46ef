import { LineBuffer } from './line-buffer.ts'

/** What the receiving side answers to a line or to the end of data. `fatal`: it goes away. */
export type Reply =
  | { readonly type: 'ok' }
  | { readonly type: 'error'; readonly message: string }
  | { readonly type: 'fatal'; readonly message: string }

const OK: Reply = { type: 'ok' }

/**
 * Reads replies: a zero byte, or 1 (error) or 2 (fatal) and a line of text. Any other byte is the beginning of a text that is none,
 * such as the greeting of a login script: scp gives up on it, so it is fatal.
 */
export class Replies {
  readonly #told: (reply: Reply) => void
  readonly #line = new LineBuffer()
  #over = false

  constructor(told: (reply: Reply) => void) {
    this.#told = told
  }

  /** Answers how many bytes belong to replies: what follows a fatal one does not. */
  take(bytes: Buffer): number {
    let at = 0
    while (at < bytes.length && !this.#over) {
      if (this.#line.empty && bytes[at] === 0) {
        at++
        this.#told(OK)
        continue
      }
      const { next, line } = this.#line.take(bytes, at)
      at = next
      if (line === undefined) continue
      if (line === 'too long') this.#fatal('a reply without end')
      else if (line[0] === 1) this.#told({ type: 'error', message: messageOf(line) })
      else this.#fatal(messageOf(line))
    }
    return at
  }

  #fatal(message: string): void {
    this.#over = true
    this.#told({ type: 'fatal', message })
  }
}

function messageOf(line: Buffer): string {
  const from = line[0] === 1 || line[0] === 2 ? 1 : 0
  return line.toString('utf8', from, line.length - 1)
}
