import { sameBytes } from '../kernel/bytes.ts'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import type { JsonValue } from '../kernel/json.ts'
import { callBytes, type Committer, type StagedRecord } from './commit/commit.ts'
import { FRAME_HEADER, type FramePlace, RECORD_HEADER } from './segment/frame.ts'
import type { KeptFiles } from './recover/kept-files.ts'
import type { SnapshotKeeper } from './recover/keep-snapshot.ts'
import type { Snapshot } from './recover/snapshot.ts'
import { consistencyProof } from './tree/consistency.ts'
import { type EntryReader, type StoredRecord, toEntry } from './entry/entry-reader.ts'
import type { EntryPlaces } from './entry/entry-places.ts'
import { inclusionProof } from './tree/inclusion.ts'
import type { AppendOptions, Draft, Entry, Head, KeyRing, Log, Opened, Pending } from './log.ts'
import { HASH_BYTES, leafHashOfPrefixed } from './tree/merkle.ts'
import { PlacedCall } from './commit/placed-call.ts'
import { openPayload } from './entry/seal.ts'
import type { Segments } from './segment/segments.ts'
import type { Signer } from './signer/signer.ts'
import type { Signing } from './commit/signing.ts'
import type { SourceChains } from './entry/source-chains.ts'
import { stage } from './entry/stage.ts'
import type { Tiles } from './tree/tiles.ts'
import type { Tree } from './tree/tree.ts'
import { closedFault, type Trouble } from './trouble.ts'

/** What a running log is made of; `open-log` owns the making, the log owns everything from then on. */
export interface LogParts {
  readonly name: string
  readonly origin: string
  /** Origins it goes on from, oldest first. */
  readonly former: readonly { readonly origin: string; readonly size: number }[]
  readonly clock: Clock
  readonly tree: Tree
  readonly places: EntryPlaces
  readonly chains: SourceChains
  readonly segments: Segments
  readonly committer: Committer
  readonly signing: Signing
  readonly signer: Signer
  readonly reader: EntryReader
  readonly tiles: Tiles
  /** Of the last durable entry, wall ms. */
  readonly lastTime: number
  readonly lastFrame: FramePlace | undefined
  /** Of the frames of this opening, one more than that of the last frame found. */
  readonly epoch: number
  readonly snapshots: SnapshotKeeper
  readonly kept: KeptFiles
  readonly repaired: () => Promise<readonly string[]>
  /** Ends the background work and leaves the marker of a clean stop. */
  readonly finish: (clean: boolean) => Promise<void>
}

export class RunningLog implements Log {
  readonly name: string
  readonly origin: string
  readonly vkeys: readonly string[]
  readonly #parts: LogParts
  readonly #listeners: ((trouble: Trouble, why?: Fault) => void)[] = []
  #length: number
  /** Wall ms of the last entry that took a place, and of the last that is durable. */
  #lastTime: number
  #durableTime: number
  #lastFrame: FramePlace | undefined
  #wroteFrame = false
  #closing: Promise<void> | undefined

  constructor(parts: LogParts) {
    this.#parts = parts
    this.name = parts.name
    this.origin = parts.origin
    this.vkeys = parts.signer.vkeys
    this.#length = parts.places.length
    this.#lastTime = parts.lastTime
    this.#durableTime = parts.lastTime
    this.#lastFrame = parts.lastFrame
  }

  get length(): number {
    return this.#length
  }

  get trouble(): Trouble {
    return this.#parts.committer.trouble
  }

  onTrouble(listener: (trouble: Trouble, why?: Fault) => void): void {
    this.#listeners.push(listener)
    const { trouble, refused } = this.#parts.committer
    if (trouble !== undefined) listener(trouble, refused)
  }

  append(drafts: readonly Draft[], { reserve = false, gathered = false }: AppendOptions = {}): Pending {
    const { committer, chains, clock, segments, signing } = this.#parts
    if (this.#closing !== undefined) throw closedFault(this.name)
    const refusal = committer.refusal(reserve)
    if (refusal !== undefined) throw refusal
    if (drafts.length === 0) throw new TypeError('an append holds at least one draft')

    const records = stage(drafts, {
      origin: this.origin,
      now: clock.now(),
      lastTime: this.#lastTime,
      last: src => chains.last(src),
    })
    const bytes = callBytes(records)
    if (bytes > segments.capacity) {
      throw new Fault('ledger.too_large', `The ${drafts.length} entries need ${bytes} bytes in one frame.`, {
        next: 'Log them in several calls.',
        facts: { bytes, limit: segments.capacity },
      })
    }
    const call = new PlacedCall(this.name, this.#length, records, bytes, reserve, signing)
    for (const record of records) chains.take(record.src, record)
    this.#lastTime = records.at(-1)?.t ?? this.#lastTime
    this.#length += records.length
    committer.enqueue(call, gathered)
    return call
  }

  head(): Head {
    return this.#parts.signing.head
  }

  async read(index: number): Promise<Entry> {
    return this.#authentic(await this.#parts.reader.record(this.#durable(index)))
  }

  async *entries(from: number, to: number = this.#parts.places.length): AsyncGenerator<Entry> {
    const end = Math.min(to, this.#parts.places.length)
    const { reader, tiles } = this.#parts
    for await (const records of reader.batches(from, end)) {
      const first = records[0]?.index ?? from
      const leaves = await tiles.leaves(first, first + records.length)
      for (const [i, record] of records.entries())
        yield this.#compared(record, leaves.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))
    }
  }

  async *entriesOf(src: string, from: number, to: number): AsyncGenerator<Entry> {
    const { reader, places, tiles } = this.#parts
    const named = Buffer.from(`"src":${JSON.stringify(src)}`)
    let last: Entry | undefined
    for await (const records of reader.batches(from, Math.min(to, places.length))) {
      for (const record of records) {
        if (!record.prefixed.includes(named)) continue
        const entry = this.#compared(record, await tiles.leaf(record.index))
        if (entry.src !== src) continue
        if (last !== undefined && entry.sprev !== last.leafHash.toString('hex'))
          throw reader.damaged(record.index)
        yield entry
        last = entry
      }
    }
  }

  keep(name: string, text: string): Promise<void> {
    return this.#parts.kept.put(name, text)
  }

  kept(name: string): Promise<string | undefined> {
    return this.#parts.kept.get(name)
  }

  async payload(index: number, keys: KeyRing): Promise<JsonValue | undefined> {
    return (await this.opened(index, keys))?.payload
  }

  async opened(index: number, keys: KeyRing): Promise<Opened | undefined> {
    const record = await this.#parts.reader.record(this.#durable(index))
    const entry = await this.#authentic(record)
    const { commit } = JSON.parse(entry.bytes.toString('utf8')) as { readonly commit?: string }
    if (commit === undefined) return undefined
    if (record.sealed.length === 0) throw this.#parts.reader.damaged(index)
    const opened = openPayload(record.sealed, keys, this.#originOf(index), entry.id, commit)
    if (opened === undefined) throw this.#parts.reader.damaged(index)
    return opened
  }

  inclusion(index: number, size: number = this.head().size): Promise<Buffer[]> {
    this.#within(index < size && index >= 0, `Entry ${index} is not in the tree of ${size}.`)
    this.#within(
      size <= this.#parts.tree.size,
      `The log ${this.name} holds ${this.#parts.tree.size} entries, not ${size}.`,
    )
    return inclusionProof(this.#parts.tiles, index, size)
  }

  consistency(from: number, to: number = this.head().size): Promise<Buffer[]> {
    this.#within(from >= 0 && from <= to, `A tree of ${to} does not extend one of ${from}.`)
    this.#within(
      to <= this.#parts.tree.size,
      `The log ${this.name} holds ${this.#parts.tree.size} entries, not ${to}.`,
    )
    return consistencyProof(this.#parts.tiles, from, to)
  }

  /** A file of the standard layout by its path, `checkpoint` apart; undefined when the tree has no such tile. */
  readTile(path: string): Promise<Buffer | undefined> {
    return this.#parts.tiles.read(path)
  }

  /** Resolves when the derived files of this start were compared with the entries: the paths that were written again. */
  repaired(): Promise<readonly string[]> {
    return this.#parts.repaired()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** @internal The committer reports what became durable. */
  settle(records: readonly StagedRecord[], frame: FramePlace): void {
    const { tree, places, chains, signing, snapshots } = this.#parts
    let offset = frame.offset + FRAME_HEADER
    for (const record of records) {
      const { entry, sealed } = record
      tree.append(record.leafHash)
      places.push(frame.segment, offset + RECORD_HEADER, entry.length, sealed.length)
      offset += RECORD_HEADER + entry.length + sealed.length
      chains.settle(record.src, record)
      this.#durableTime = record.t
    }
    const before = this.#lastFrame
    this.#lastFrame = frame
    this.#wroteFrame = true
    if (before !== undefined && before.segment !== frame.segment) snapshots.touch()
    signing.touch()
  }

  /** @internal What a start would find out by reading everything that is durable now. */
  capture(): Snapshot | undefined {
    const { tree, places, chains, epoch } = this.#parts
    const frame = this.#lastFrame
    if (frame === undefined) return undefined
    return {
      origin: this.origin,
      size: tree.size,
      root: tree.root(),
      edges: tree.edges(),
      firsts: [...places.firsts],
      frame,
      // A life in which nothing was written leaves the frame of an earlier one as the last.
      epoch: this.#wroteFrame ? epoch : epoch - 1,
      time: this.#durableTime,
      sources: chains.durable(),
    }
  }

  /** @internal The committer refused everything that was queued. */
  rollBack(): void {
    this.#parts.chains.rollBack()
    this.#length = this.#parts.places.length
  }

  /** @internal */
  troubled(trouble: Trouble, why?: Fault): void {
    for (const listener of this.#listeners) listener(trouble, why)
  }

  async #close(): Promise<void> {
    const { committer, signing, signer, segments, finish } = this.#parts
    await committer.drained()
    committer.stop()
    const clean = await signing.finish().then(
      () => committer.trouble !== 'failed',
      () => false,
    )
    signing.stop()
    await finish(clean)
    await segments.close()
    await signer.close()
  }

  /** The origin under which an entry was written. */
  #originOf(index: number): string {
    return this.#parts.former.find(({ size }) => index < size)?.origin ?? this.origin
  }

  #durable(index: number): number {
    this.#within(
      Number.isSafeInteger(index) && index >= 0 && index < this.#parts.places.length,
      `The log ${this.name} holds no entry ${index}.`,
    )
    return index
  }

  #within(holds: boolean, message: string): void {
    if (!holds)
      throw new Fault('not_found', message, { next: 'Ask for an entry below the size of the head.' })
  }

  /** What was read is what the tree holds at that index, or Fault `ledger.damaged`. */
  async #authentic(record: StoredRecord): Promise<Entry> {
    return this.#compared(record, await this.#parts.tiles.leaf(record.index))
  }

  #compared(record: StoredRecord, leaf: Buffer): Entry {
    const leafHash = leafHashOfPrefixed(record.prefixed)
    const entry = sameBytes(leafHash, leaf) ? toEntry(record, leafHash) : undefined
    if (entry === undefined) throw this.#parts.reader.damaged(record.index)
    return entry
  }
}
