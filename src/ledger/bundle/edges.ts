interface Edge {
  readonly index: number
  readonly t: number
}

/** First and last entry of a part, and whether any between them is left out. */
export class Edges {
  first: Edge | undefined
  last: Edge | undefined
  contiguous = true

  see(index: number, t: number): void {
    if (this.last !== undefined && index !== this.last.index + 1) this.contiguous = false
    this.first ??= { index, t }
    this.last = { index, t }
  }
}
