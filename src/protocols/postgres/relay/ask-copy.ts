import { CopyDigest } from './copy-digest.ts'
import { Request } from './dialogue.ts'
import { copyFail } from '../messages/encode.ts'
import { FAILING_TEXT, type Forwarder } from './forwarder.ts'
import { FRONTEND } from '../messages/messages.ts'

/** COPY FROM STDIN: data stream through; their digest is as durable as the procedure demands before CopyDone is forwarded. */
export class CopyAsks {
  readonly #forwarder: Forwarder
  readonly #digest = new CopyDigest()

  constructor(forwarder: Forwarder) {
    this.#forwarder = forwarder
  }

  /** CopyData (whole or in pieces), CopyDone or CopyFail. */
  take(): undefined {
    const { reader, dialogue, order, refused } = this.#forwarder
    // The target ignores these when it does not copy, so they need not be sent. Data may come before their
    // CopyInResponse did, and before the query that asks for them was forwarded.
    const coming = dialogue.copyExpected || this.#digest.begun || !order.empty
    if (refused || dialogue.skipping || !coming) return
    if (reader.tag === FRONTEND.copyData) {
      this.#digest.add(reader.bytes.subarray(reader.first ? reader.start + 5 : reader.start, reader.end))
      return this.#forwarder.pass() as undefined
    }
    const detail = this.#digest.take()
    if (reader.tag === FRONTEND.copyFail) this.#failed()
    else this.#done(detail)
  }

  #failed(): void {
    const { order, dialogue } = this.#forwarder
    const view = order.empty ? undefined : this.#forwarder.view()
    order.behind(() => {
      dialogue.copyEnds()
      this.#forwarder.send(undefined, view)
    })
  }

  #done(detail: { readonly sha256: string; readonly bytes: number }): void {
    const { order, guard, dialogue, outlet } = this.#forwarder
    const said = { kind: 'copy_in', verbs: ['copy'], writes: true, detail, objections: [] }
    const view = this.#forwarder.view()
    order.after(guard.submit(said), given => {
      // CopyDone has no answer of its own: the COPY it ends is answered, and counts its rows.
      const carrier = new Request('copy_done')
      if (!this.#forwarder.permitted(carrier, given, said)) return
      if (carrier.refusal && dialogue.head) dialogue.head.refusal = carrier.refusal
      dialogue.copyEnds()
      outlet.add(carrier.refusal ? copyFail(FAILING_TEXT) : view)
      if (carrier.tally) dialogue.copies.push(carrier.tally)
    })
  }
}
