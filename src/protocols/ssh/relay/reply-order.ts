/** An answer that is not there yet. */
export interface Slot {
  payload: Buffer | undefined
}

/** Answers in the order of their questions (RFC 4254 §4, §5.4): some are ours and there at once, others come from the other side. */
export class ReplyOrder {
  readonly #slots: Slot[] = []
  readonly #send: (payload: Buffer) => void

  constructor(send: (payload: Buffer) => void) {
    this.#send = send
  }

  get waiting(): number {
    return this.#slots.length
  }

  /** A place in the order for an answer that comes later. */
  expect(): Slot {
    const slot: Slot = { payload: undefined }
    this.#slots.push(slot)
    return slot
  }

  answer(slot: Slot, payload: Buffer): void {
    slot.payload = payload
    while (this.#slots[0]?.payload) this.#send(this.#slots.shift()?.payload as Buffer)
  }

  /** An answer that is there already. */
  now(payload: Buffer): void {
    this.answer(this.expect(), payload)
  }
}
