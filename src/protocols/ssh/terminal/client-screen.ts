import { ScreenMode } from '../../../screen/screen-mode.ts'
import { farewell } from './farewell.ts'
import { notice } from './notice.ts'
import { FORMER_TITLE, title } from './title.ts'

/** Silence after which nothing more joins what was printed last. */
const QUIET_MS = 200
/** Sentences owed at most; the oldest gives way, as it is the least urgent. */
const OWED = 8

export interface ClientScreenOptions {
  /** As the client names its terminal in its request for one (RFC 4254 §6.2). */
  readonly term: string
  /** Height in characters; 0 when the client does not know. */
  readonly rows: number
  /** Sends to the client's terminal at once and whole, right behind what was sent so far; false: there is no room, nothing was sent. */
  readonly send: (bytes: Buffer) => boolean
  /** Sends behind everything, as soon as there is room; nothing else follows. */
  readonly sendLast: (bytes: Buffer) => void
}

/**
 * The terminal of one client, as the gateway speaks on it. Owner: the channel, which tells it of all output and lets it send in
 * between. What a full-screen program does not leave room for stands in the title and is owed until the program is gone.
 */
export class ClientScreen {
  readonly #mode: ScreenMode
  readonly #send: (bytes: Buffer) => boolean
  readonly #sendLast: (bytes: Buffer) => void
  #owed: string[] = []
  /** What the title should say and does not yet. */
  #untitled: string | undefined
  /** The former title is on the terminal's stack. */
  #titled = false
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor({ term, rows, send, sendLast }: ClientScreenOptions) {
    this.#mode = new ScreenMode(term, rows === 0 ? 24 : rows)
    this.#send = send
    this.#sendLast = sendLast
  }

  /** Output of the target that was sent to the client. */
  output(bytes: Uint8Array): void {
    this.#mode.feed(bytes)
    this.#speak()
  }

  resize(rows: number): void {
    this.#mode.resize(rows)
  }

  /** A sentence for the person, as soon as it harms nothing. */
  notice(text: string): void {
    if (this.#closed) return
    this.#owed = [...this.#owed, text].slice(-OWED)
    this.#untitled = text
    this.#speak()
  }

  /** The last words; nothing follows. */
  farewell(text: string): void {
    if (this.#closed) return
    this.close()
    const words = [...this.#owed, text].filter((one, at, all) => all.indexOf(one) === at)
    const said = farewell(words.join('\n'), this.#mode)
    this.#sendLast(this.#titled ? Buffer.concat([said, Buffer.from(FORMER_TITLE)]) : said)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #speak(): void {
    if (this.#closed || (this.#owed.length === 0 && !this.#titled)) return
    if (!this.#mode.fullScreen && this.#mode.safe) this.#tell()
    else if (this.#mode.safe) this.#entitle()
    this.#waitForQuiet()
  }

  #tell(): void {
    const former = this.#titled ? FORMER_TITLE : ''
    const words = this.#owed.length === 0 ? Buffer.alloc(0) : notice(this.#owed.join('\n'), this.#mode)
    const bytes = Buffer.concat([words, Buffer.from(former)])
    if (!this.#send(bytes)) return
    this.#mode.feed(bytes)
    this.#owed = []
    this.#untitled = undefined
    this.#titled = false
  }

  #entitle(): void {
    if (this.#untitled === undefined) return
    const bytes = title(this.#untitled, this.#mode, this.#titled ? 'kept' : 'keep')
    if (bytes.length > 0 && !this.#send(bytes)) return
    this.#untitled = undefined
    this.#titled ||= bytes.length > 0
  }

  /** A program that is silent has finished its characters, and a client that had no room may have some. */
  #waitForQuiet(): void {
    clearTimeout(this.#timer)
    const due = this.#untitled !== undefined || (this.#owed.length > 0 && !this.#mode.fullScreen)
    if (!due) return
    this.#timer = setTimeout(() => {
      this.#mode.settle()
      this.#speak()
    }, QUIET_MS)
    this.#timer.unref()
  }
}
