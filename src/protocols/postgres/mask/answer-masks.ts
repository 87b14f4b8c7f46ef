import { Fault } from '../../../kernel/faults.ts'
import type { FrameReader } from '../../../wire/frame-reader.ts'
import { BACKEND } from '../messages/messages.ts'
import type { MaskCatalog } from './catalog.ts'
import type { CopyMask } from './judge-outline.ts'
import type { RowPlan } from './keep.ts'
import { CopyMasker } from './mask-copy.ts'
import { maskRow } from './mask-row.ts'
import { RowInPieces } from './mask-row-pieces.ts'
import { rowPlan } from './row-plan.ts'

/** What is known of the columns when rows are answered; kept up to date by the direction client → target. */
export interface MaskKnowledge {
  readonly catalog: MaskCatalog
  readonly aliases: ReadonlySet<string>
}

/** The message that the reader stands at. */
type Frame = Pick<FrameReader, 'tag' | 'bytes' | 'start' | 'end' | 'first' | 'last' | 'length'>

/** What an answer belongs to: a portal by its name, or the simple query that is running. */
type Owner = string | undefined

/**
 * Masks the rows of one session on their way to the client. Rows that nobody announced end the session: what their columns are
 * is not known. Portals are described by a Describe of ours behind each Bind, so their plan is there before their rows.
 */
export class AnswerMasks {
  readonly #known: MaskKnowledge
  #ofQuery: RowPlan | 'none' | undefined
  readonly #ofPortal = new Map<string, RowPlan | 'none'>()
  #pieces: RowInPieces | undefined
  #copy: CopyMasker | 'clear' | undefined

  constructor(known: MaskKnowledge) {
    this.#known = known
  }

  /** A RowDescription; without a body for NoData. */
  described(owner: Owner, frame?: Frame): void {
    const { catalog, aliases } = this.#known
    const plan = (frame && rowPlan(frame.bytes, frame.start + 5, frame.end, catalog, aliases)) ?? 'none'
    if (owner === undefined) this.#ofQuery = plan
    else this.#ofPortal.set(owner, plan)
  }

  /** The portal means something else from now on. */
  forget(portal: string): void {
    this.#ofPortal.delete(portal)
  }

  /** A CopyOutResponse, `columns` as it says; `mask` as the statement was judged. */
  copyOut(mask: CopyMask | undefined, columns: number): void {
    if (mask === undefined)
      throw new Fault('protocol.violation', 'the target sent a COPY that nobody asked for')
    if (mask !== 'clear' && mask.plan.length !== columns)
      throw new Fault(
        'protocol.violation',
        'the target sent a COPY of other columns than the masks were looked up for',
      )
    this.#copy = mask === 'clear' ? 'clear' : new CopyMasker(mask.plan, mask.format)
  }

  /** What leaves in place of a DataRow or CopyData, possibly nothing yet; undefined when it leaves as it is. */
  take(owner: Owner, frame: Frame): Buffer | undefined {
    return frame.tag === BACKEND.copyData ? this.#copied(frame) : this.#row(owner, frame)
  }

  /** The answer is over: what comes next is announced anew. */
  over(owner: Owner): void {
    this.#copy = undefined
    if (owner === undefined) this.#ofQuery = undefined
  }

  /** Portals end with their transaction. */
  idle(): void {
    this.#ofPortal.clear()
  }

  #row(owner: Owner, frame: Frame): Buffer | undefined {
    const { bytes, start, end, first, last, length } = frame
    const plan = owner === undefined ? this.#ofQuery : this.#ofPortal.get(owner)
    if (plan === undefined)
      throw new Fault('protocol.violation', 'the target sent a row that it did not announce')
    if (plan === 'none') return undefined
    if (first && last) return maskRow(bytes, start + 5, end, plan)
    if (first) this.#pieces = new RowInPieces(plan, length)
    const out = this.#pieces?.feed(bytes.subarray(first ? start + 5 : start, end))
    if (last) this.#pieces = undefined
    return out
  }

  #copied({ bytes, start, end, first }: Frame): Buffer | undefined {
    if (this.#copy === undefined)
      throw new Fault('protocol.violation', 'the target sent data of a COPY that nobody asked for')
    if (this.#copy === 'clear') return undefined
    const out = this.#copy.feed(bytes.subarray(first ? start + 5 : start, end))
    if (out.length === 0) return out
    const header = Buffer.alloc(5)
    header[0] = BACKEND.copyData
    header.writeInt32BE(out.length + 4, 1)
    return Buffer.concat([header, out])
  }
}
