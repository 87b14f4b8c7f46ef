/** An answer that is not there yet. */
export interface Slot<Answer> {
  answer: Answer | undefined
}

/** Answers in the order of their questions (RFC 4254 §4, §5.4): some are ours and there at once, others come from the other side. */
export class ReplyOrder<Answer extends object> {
  readonly #slots: Slot<Answer>[] = []
  readonly #send: (answer: Answer) => void

  constructor(send: (answer: Answer) => void) {
    this.#send = send
  }

  get waiting(): number {
    return this.#slots.length
  }

  /** A place in the order for an answer that comes later. */
  expect(): Slot<Answer> {
    const slot: Slot<Answer> = { answer: undefined }
    this.#slots.push(slot)
    return slot
  }

  answer(slot: Slot<Answer>, answer: Answer): void {
    slot.answer = answer
    while (this.#slots[0]?.answer) this.#send(this.#slots.shift()?.answer as Answer)
  }

  /** An answer that is there already. */
  now(answer: Answer): void {
    this.answer(this.expect(), answer)
  }
}
