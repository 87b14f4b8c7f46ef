import { StringDecoder } from 'node:string_decoder'
import { RunningDigest } from '../../../wire/digest/running-digest.ts'
import type { StreamEvent } from '../../../target/action.ts'

/** Data are recorded in full up to this many bytes, beyond it by their digest. */
export const INPUT_BYTES = 1024 * 1024

export interface InputOptions {
  /** Asked once, when there is more than `INPUT_BYTES`: whether all of it is recorded. */
  readonly whole: () => boolean
  /** What may be recorded of a piece of text. */
  readonly shownAs: (text: string) => string
}

/** What went into a program: of a transfer of data beyond what is recorded, the size and the SHA-256 are known. */
export class RecordedInput {
  readonly #options: InputOptions
  readonly #decoder = new StringDecoder('utf8')
  readonly #digest = new RunningDigest()
  #whole = false
  #came = 0
  #unrecorded = 0

  constructor(options: InputOptions) {
    this.#options = options
  }

  /** What is to be recorded before these bytes go in, in order; nothing: they go in at once. */
  came(bytes: Buffer): readonly (readonly [code: StreamEvent[1], text: string])[] {
    const room = INPUT_BYTES - this.#came
    const begins = room >= 0 && room < bytes.length
    this.#came += bytes.length
    if (begins) this.#whole = this.#options.whole()
    if (this.#whole || bytes.length <= room) return [['i', this.#text(bytes)]]
    const kept = bytes.subarray(0, Math.max(0, room))
    this.#unrecorded += bytes.length - kept.length
    if (!begins) return []
    const mark = `input beyond ${INPUT_BYTES} bytes is not recorded but counted and digested`
    return [...(kept.length > 0 ? [['i', this.#text(kept)] as const] : []), ['m', mark]]
  }

  /** These bytes have gone in. */
  passed(bytes: Buffer): void {
    this.#digest.update(bytes)
  }

  /** What has gone in so far; undefined: nothing. */
  facts(): Readonly<Record<string, string | number>> | undefined {
    if (this.#digest.length === 0) return undefined
    return {
      bytes: this.#digest.length,
      sha256: this.#digest.told(),
      ...(this.#unrecorded > 0 && { unrecorded: this.#unrecorded }),
    }
  }

  /** Bytes of a character that never became whole. */
  rest(): string {
    return this.#decoder.end()
  }

  #text(bytes: Buffer): string {
    return this.#options.shownAs(this.#decoder.write(bytes))
  }
}
