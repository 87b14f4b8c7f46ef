/** Attributes by the number that sets them, and the numbers that end them (ECMA-48 §8.3.117; xterm ctlseqs, "SGR"). */
const ENDS: Readonly<Record<number, readonly number[]>> = {
  21: [21, 4],
  22: [1, 2],
  23: [3],
  24: [21, 4],
  25: [5, 6],
  27: [7],
  28: [8],
  29: [9],
  39: [38],
  49: [48],
  54: [51, 52],
  55: [53],
  59: [58],
}
const STARTS = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 51, 52, 53])

/**
 * How characters are shown from here on, as SGR has set it: enough to interrupt with words of ours and go on as before.
 * Bounded: one entry for each thing that can be set.
 */
export class Rendition {
  readonly #set = new Map<number, string>()

  /** The parameters of an SGR without prefix. */
  apply(parameters: string): void {
    const parts = parameters.split(';')
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at] ?? ''
      const number = Number.parseInt(part, 10) || 0
      if (number === 38 || number === 48 || number === 58) at += this.#colour(number, part, parts.slice(at))
      else this.#plain(number, part)
    }
  }

  copy(): Rendition {
    const copy = new Rendition()
    copy.become(this)
    return copy
  }

  /** Undefined: as at first. */
  become(other: Rendition | undefined): void {
    const set = other === undefined ? [] : [...other.#set]
    this.#set.clear()
    for (const [number, part] of set) this.#set.set(number, part)
  }

  /** Sets everything anew. */
  get sequence(): string {
    return `\u001B[${['0', ...this.#set.values()].join(';')}m`
  }

  get plain(): boolean {
    return this.#set.size === 0
  }

  #plain(number: number, part: string): void {
    if (number === 0) this.#set.clear()
    else if (number === 4 && /:0*$/.test(part)) this.#end(24)
    else if (number >= 30 && number <= 37) this.#set.set(38, part)
    else if (number >= 90 && number <= 97) this.#set.set(38, part)
    else if (number >= 40 && number <= 47) this.#set.set(48, part)
    else if (number >= 100 && number <= 107) this.#set.set(48, part)
    else if (STARTS.has(number)) this.#set.set(number, part)
    else this.#end(number)
  }

  #end(number: number): void {
    for (const ended of ENDS[number] ?? []) this.#set.delete(ended)
    // Doubly underlined to most, not bold to some: set as it was asked for.
    if (number === 21) this.#set.set(21, '21')
  }

  /** `38;5;N`, `38;2;R;G;B`, or one parameter with colons. Returns how many further parameters belong to it. */
  #colour(number: number, part: string, from: readonly string[]): number {
    const further = part.includes(':') ? 0 : from[1] === '5' ? 2 : from[1] === '2' ? 4 : 1
    this.#set.set(number, from.slice(0, further + 1).join(';'))
    return further
  }
}
