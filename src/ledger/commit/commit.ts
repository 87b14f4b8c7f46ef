import type { Fault } from '../../kernel/faults.ts'
import {
  encodeFrame,
  FRAME_HEADER,
  recordBytes,
  type FramePlace,
  type FrameRecord,
} from '../segment/frame.ts'
import { HASH_BYTES } from '../tree/merkle.ts'
import type { Segments } from '../segment/segments.ts'
import { failedFault, fullFault, isShortage, type Trouble } from '../trouble.ts'

/** A record that has taken its place: what will be written, and the hash it must have afterwards. */
export interface StagedRecord extends FrameRecord {
  readonly leafHash: Buffer
  readonly src: string
  readonly sseq: number
  /** Whether it is the last of its source. */
  readonly ends: boolean
  /** Wall ms of the entry. */
  readonly t: number
}

/** One `append`: all of it goes into one frame. */
export interface StagedCall {
  readonly first: number
  readonly records: readonly StagedRecord[]
  /** Of a frame that holds only this call. */
  readonly bytes: number
  /** May use the last preallocated segment when there is no space for another. */
  readonly reserve: boolean
  becameDurable(): void
  refused(fault: Fault): void
}

export interface CommitOptions {
  readonly log: string
  readonly logId: Buffer
  readonly epoch: number
  /** Hash of the last durable frame. */
  readonly previous: Buffer
  readonly segments: Segments
  /** After fdatasync, before the callers are told. `frame` holds the records, in order, and nothing else. */
  readonly onDurable: (records: readonly StagedRecord[], frame: FramePlace) => void
  /** Everything queued was refused: places that were taken are free again. */
  readonly onRefused: () => void
  readonly onTrouble: (trouble: Trouble, why?: Fault) => void
}

/** Calls share a frame up to this size; a single larger call still gets one of its own. */
const FRAME_GOAL = 1024 * 1024
const ASK_AGAIN_MS = 1000

/**
 * Group commit (LEDGER "Commit"): while one frame is being written, calls queue; then all of them share the next one
 * and its fdatasync. An entry is durable only after the bytes that were written have hashed to the leaf it was given.
 */
export class Committer {
  readonly #options: CommitOptions
  #queue: StagedCall[] = []
  #running = false
  #previous: Buffer
  #trouble: Trouble
  #fault: Fault | undefined
  /** What the disk said when something had run out. */
  #shortage: unknown
  #asking: NodeJS.Timeout | undefined
  #idle: (() => void)[] = []

  constructor(options: CommitOptions) {
    this.#options = options
    this.#previous = options.previous
  }

  get trouble(): Trouble {
    return this.#trouble
  }

  /** Why appends are refused; undefined while they are not. */
  get refused(): Fault | undefined {
    return this.#trouble === 'full' ? this.#full() : this.#fault
  }

  /** What an append meets now: undefined when it may take a place. */
  refusal(reserve: boolean): Fault | undefined {
    if (this.#trouble === 'failed') return this.#fault
    return this.#trouble === 'full' && !reserve ? this.refused : undefined
  }

  enqueue(call: StagedCall, gathered: boolean): void {
    this.#queue.push(call)
    if (this.#running) return
    this.#running = true
    // After this turn of the event loop, so that all whose input had arrived share the frame: starting at once would
    // write the first alone and make the others wait for it.
    if (gathered) queueMicrotask(() => void this.#run())
    else setImmediate(() => void this.#run())
  }

  /** Resolves when nothing is queued or being written. */
  async drained(): Promise<void> {
    if (this.#running) await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  stop(): void {
    clearInterval(this.#asking)
  }

  /** Fail-stop, also on behalf of the signer: nothing more is written, whatever is queued is refused. */
  fail(cause: unknown): Fault {
    if (this.#fault !== undefined) return this.#fault
    const fault = failedFault(this.#options.log, cause)
    this.#fault = fault
    this.#refuseQueue(fault)
    this.#setTrouble('failed')
    clearInterval(this.#asking)
    return fault
  }

  async #run(): Promise<void> {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (await this.#makeRoom(next)) await this.#commit(this.#takeBatch())
    }
    this.#running = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** False when the queue was refused, or has to be looked at again. */
  async #makeRoom(call: StagedCall): Promise<boolean> {
    const { segments } = this.#options
    if (call.bytes <= segments.room) return true
    if (!segments.reserved && this.#trouble !== 'full') {
      try {
        await segments.reserve()
      } catch (error) {
        if (!isShortage(error)) {
          this.fail(error)
          return false
        }
        this.#shortage = error
        this.#setTrouble('full')
        if (!call.reserve) {
          this.#refuseQueue(this.#full())
          return false
        }
      }
    }
    if (this.#queue[0] !== call) return false
    if ((segments.reserved || call.reserve) && segments.advance()) return true
    this.#refuseQueue(this.#full())
    return false
  }

  #full(): Fault {
    return fullFault(this.#options.log, this.#shortage)
  }

  #takeBatch(): StagedCall[] {
    const { room } = this.#options.segments
    const goal = Math.min(room, FRAME_GOAL)
    let bytes = FRAME_HEADER
    let count = 0
    for (const call of this.#queue) {
      bytes += call.bytes - FRAME_HEADER
      if (count > 0 && bytes > goal) break
      count += 1
    }
    return this.#queue.splice(0, count)
  }

  async #commit(batch: readonly StagedCall[]): Promise<void> {
    const { logId, epoch, segments, onDurable } = this.#options
    const records = batch.length === 1 && batch[0] ? batch[0].records : batch.flatMap(call => call.records)
    const first = batch[0]?.first ?? 0
    const frame = encodeFrame({ logId, epoch, first, previous: this.#previous }, records)
    try {
      const { place, leaves } = await segments.write(frame, records.length)
      for (let i = 0; i < records.length; i += 1) {
        const at = i * HASH_BYTES
        // Memory can flip a bit between taking the place and the write: never sign what is not what was written.
        if (records[i]?.leafHash.compare(leaves, at, at + HASH_BYTES) !== 0)
          throw new Error('the written entry has another hash')
      }
      this.#previous = place.hash
      onDurable(records, place)
    } catch (error) {
      const fault = this.fail(error)
      for (const call of batch) call.refused(fault)
      return
    }
    for (const call of batch) call.becameDurable()
  }

  #refuseQueue(fault: Fault): void {
    const refused = this.#queue
    this.#queue = []
    this.#options.onRefused()
    for (const call of refused) call.refused(fault)
  }

  #setTrouble(trouble: Trouble): void {
    if (this.#trouble === trouble) return
    this.#trouble = trouble
    if (trouble === 'full') this.#asking = setInterval(() => void this.#askForSpace(), ASK_AGAIN_MS).unref()
    this.#options.onTrouble(trouble, this.refused)
  }

  async #askForSpace(): Promise<void> {
    const { segments } = this.#options
    try {
      while (!segments.reserved) await segments.reserve()
    } catch (error) {
      if (isShortage(error)) this.#shortage = error
      else this.fail(error)
      return
    }
    if (this.#trouble !== 'full') return
    clearInterval(this.#asking)
    this.#setTrouble(undefined)
  }
}

/** Bytes of a frame that holds only these. */
export function callBytes(records: readonly FrameRecord[]): number {
  let bytes = FRAME_HEADER
  for (const record of records) bytes += recordBytes(record)
  return bytes
}
