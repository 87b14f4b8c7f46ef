/** Prints what happens with the time since the start and what it took. Colours only where somebody looks. */
export class Timeline {
  readonly #began = performance.now()
  readonly #colour = process.stdout.isTTY && process.env.NO_COLOR === undefined
  #waiting: NodeJS.Timeout | undefined

  /** `took`: measured milliseconds, shown at the right. */
  step(text: string, took?: number, detail?: string): void {
    this.#still()
    const at = `+${((performance.now() - this.#began) / 1_000).toFixed(2).padStart(6)} s`
    const measured = took === undefined ? '' : `${took < 10 ? took.toFixed(1) : took.toFixed(0)} ms`
    console.log(`${this.#dim(at)}  ${text.padEnd(66)} ${measured.padStart(9)}`)
    for (const line of (detail ?? '').split('\n').filter(line => line !== '')) {
      console.log(`            ${this.#dim(line.slice(0, 110))}`)
    }
  }

  heading(text: string): void {
    this.#still()
    console.log(`\n${this.#colour ? `\x1b[1m${text}\x1b[0m` : text}`)
  }

  /** Something that takes time by design: says until when. */
  async until(text: string, wall: number): Promise<void> {
    const show = (): void => {
      const left = Math.max(0, Math.ceil((wall - Date.now()) / 1_000))
      if (process.stdout.isTTY) process.stdout.write(`\r            ${text}, ${left} s   `)
    }
    if (!process.stdout.isTTY) console.log(`            ${text}, ${Math.ceil((wall - Date.now()) / 1_000)} s`)
    this.#waiting = setInterval(show, 1_000)
    show()
    await new Promise(resolve => setTimeout(resolve, Math.max(0, wall - Date.now())))
    this.#still()
  }

  #still(): void {
    if (this.#waiting === undefined) return
    clearInterval(this.#waiting)
    this.#waiting = undefined
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')
  }

  #dim(text: string): string {
    return this.#colour ? `\x1b[2m${text}\x1b[0m` : text
  }
}
