/** How long other things wait at most for what is done here. */
const SLICE_MS = 4

/**
 * Pieces of work that may be hundreds at once, in their order, a few milliseconds at a time: between the slices the event loop hears what
 * came meanwhile. Pieces must not throw.
 */
export class Slices {
  readonly #pieces: (() => void)[] = []
  #next = 0
  #waiting = false

  add(piece: () => void): void {
    this.#pieces.push(piece)
    this.#wait()
  }

  #wait(): void {
    if (this.#waiting) return
    this.#waiting = true
    setImmediate(() => {
      this.#waiting = false
      this.#slice()
    })
  }

  #slice(): void {
    const until = performance.now() + SLICE_MS
    do this.#pieces[this.#next++]?.()
    while (this.#next < this.#pieces.length && performance.now() < until)
    if (this.#next < this.#pieces.length) return this.#wait()
    this.#pieces.length = 0
    this.#next = 0
  }
}
