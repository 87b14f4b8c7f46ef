/** Something of which shells make different things, or that is not read here: what it does cannot be told. */
export interface Riddle {
  readonly what: string
  /** In UTF-16 units of the text. */
  readonly at: number
}

/** From here on the text is no command line; what stood before has been read. */
export class NotShell extends Error {
  readonly at: number

  constructor(what: string, at: number) {
    super(what)
    this.at = at
  }
}

/** Nobody could read it in bounded time; the message continues "a command line ". */
export class TooComplex extends Error {}

/** Constructs inside each other, commands in arguments of commands among them. */
export const DEEPEST = 50
const RIDDLES_AT_MOST = 100

/** A place in a command line. A `\` before the end of a line makes both nothing (POSIX 2.2.1). */
export class Cursor {
  readonly text: string
  at = 0
  readonly riddles: Riddle[] = []
  #depth: number

  /** `depth`: of the constructs in which this text stands. */
  constructor(text: string, depth: number) {
    this.text = text
    this.#depth = depth
  }

  get depth(): number {
    return this.#depth
  }

  /** The character here; '' at the end. */
  get here(): string {
    while (this.text.startsWith('\\\n', this.at)) this.at += 2
    return this.text[this.at] ?? ''
  }

  sees(characters: string): boolean {
    return this.#behind(characters) !== undefined
  }

  /** Steps over these characters if they are here. */
  eat(characters: string): boolean {
    const behind = this.#behind(characters)
    if (behind === undefined) return false
    this.at = behind
    return true
  }

  expect(characters: string): void {
    if (!this.eat(characters)) throw this.notShell(`${characters} is missing`)
  }

  notShell(what: string): NotShell {
    return new NotShell(what, Math.min(this.at, this.text.length))
  }

  riddle(what: string, at = this.at): void {
    if (this.riddles.length < RIDDLES_AT_MOST) this.riddles.push({ what, at })
  }

  /** Reads what stands inside something else. Throws TooComplex. */
  within<T>(read: () => T): T {
    if (this.#depth >= DEEPEST) throw new TooComplex('nested too deep')
    this.#depth++
    try {
      return read()
    } finally {
      this.#depth--
    }
  }

  #behind(characters: string): number | undefined {
    if (this.here === '') return undefined
    let { at } = this
    for (const character of characters) {
      while (this.text.startsWith('\\\n', at)) at += 2
      if (this.text[at] !== character) return undefined
      at++
    }
    return at
  }
}
