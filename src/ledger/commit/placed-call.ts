import type { Fault } from '../../kernel/faults.ts'
import type { StagedCall, StagedRecord } from './commit.ts'
import { toEntry } from '../entry/entry-reader.ts'
import type { Entry, Head, Pending } from '../log.ts'
import { durableReceipt, type Receipt, type SignedReceipt, signedReceipt } from '../receipt.ts'

/** A record of a call, with what its receipt will say. */
export interface CallRecord extends StagedRecord {
  /** 0x00 ‖ entry. */
  readonly prefixed: Buffer
}

/** Who gives a signed head of at least `size` entries, once they are durable. */
interface Covering {
  covering(size: number): Promise<Head>
}

/** One append between taking its place and being durable: the caller's view and the committer's. */
export class PlacedCall implements Pending, StagedCall {
  readonly first: number
  readonly records: readonly CallRecord[]
  readonly bytes: number
  readonly reserve: boolean
  readonly #log: string
  readonly #signing: Covering
  readonly #durable: Promise<readonly Receipt[]>
  #resolve: (receipts: readonly Receipt[]) => void = () => undefined
  #reject: (fault: Fault) => void = () => undefined
  #entries: readonly Entry[] | undefined

  constructor(
    log: string,
    first: number,
    records: readonly CallRecord[],
    bytes: number,
    reserve: boolean,
    signing: Covering,
  ) {
    this.#log = log
    this.first = first
    this.records = records
    this.bytes = bytes
    this.reserve = reserve
    this.#signing = signing
    this.#durable = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // A caller that waits only for `signed`, or for nothing, must not bring the process down.
    this.#durable.catch(() => undefined)
  }

  /** Read from the bytes, so that what is folded now is what will be folded after a restart. */
  get entries(): readonly Entry[] {
    this.#entries ??= this.records.map(({ prefixed, sealed, leafHash }, i) => {
      const entry = toEntry({ index: this.first + i, prefixed, sealed }, leafHash)
      if (entry === undefined) throw new Error('the log cannot read what it wrote')
      return entry
    })
    return this.#entries
  }

  durable(): Promise<readonly Receipt[]> {
    return this.#durable
  }

  async signed(): Promise<readonly SignedReceipt[]> {
    const receipts = await this.#durable
    const head = await this.#signing.covering(this.first + this.records.length)
    return receipts.map(receipt => signedReceipt(receipt, head.size, head.checkpoint))
  }

  /** Called by the committer after fdatasync returned. */
  becameDurable(): void {
    this.#resolve(
      this.records.map(({ leafHash, t }, i) => durableReceipt(this.#log, this.first + i, leafHash, t)),
    )
  }

  refused(fault: Fault): void {
    this.#reject(fault)
  }
}
