/** RFC 4253 §4.2. What a server says before its identification is bounded by us. */
const MOST = { fromClient: 255, fromServer: 64 * 1024 }
const NEWLINE = 10

/**
 * Holds the identification of a peer back until its line is whole: npm ssh2 forgets all but the first piece of one that comes in more
 * than two. Bytes behind it pass as they are; so does what can no longer become an identification, for ssh2 to say what is wrong.
 */
export class Identification {
  readonly #from: keyof typeof MOST
  #held: Buffer | undefined = Buffer.alloc(0)
  /** Where the line begins that is not whole yet. */
  #line = 0

  constructor(from: keyof typeof MOST) {
    this.#from = from
  }

  /** What may be parsed now; undefined: nothing yet. */
  take(chunk: Buffer): Buffer | undefined {
    if (this.#held === undefined) return chunk
    const held = Buffer.concat([this.#held, chunk])
    if (!this.#whole(held) && held.length < MOST[this.#from]) {
      this.#held = held
      return undefined
    }
    this.#held = undefined
    return held
  }

  /** A client must begin with its identification, a server may say lines of text before. */
  #whole(bytes: Buffer): boolean {
    for (;;) {
      const end = bytes.indexOf(NEWLINE, Math.max(this.#line, (this.#held?.length ?? 0) - 1))
      if (end < 0) return false
      if (this.#from === 'fromClient' || bytes.toString('latin1', this.#line, this.#line + 4) === 'SSH-')
        return true
      this.#line = end + 1
    }
  }
}
