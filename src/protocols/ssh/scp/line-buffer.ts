import { LONGEST_LINE } from './control-line.ts'

/** Gathers one line after the other out of chunks, at most LONGEST_LINE bytes of it. */
export class LineBuffer {
  #held: Buffer[] = []
  #length = 0

  get empty(): boolean {
    return this.#length === 0
  }

  /**
   * Takes bytes from `at` up to the end of a line. The line with its `\n`, a copy; undefined: it goes on in the next chunk;
   * `too long`: nobody may be told the rest.
   */
  take(bytes: Buffer, at: number): { readonly next: number; readonly line: Buffer | undefined | 'too long' } {
    const newline = bytes.indexOf(0x0a, at)
    const next = newline < 0 ? bytes.length : newline + 1
    if (this.#length + next - at > LONGEST_LINE) return { next, line: 'too long' }
    this.#held.push(Buffer.from(bytes.subarray(at, next)))
    this.#length += next - at
    if (newline < 0) return { next, line: undefined }
    const line = Buffer.concat(this.#held)
    this.#held = []
    this.#length = 0
    return { next, line }
  }
}
