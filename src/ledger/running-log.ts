import { sameBytes } from '../kernel/bytes.ts'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import type { JsonValue } from '../kernel/json.ts'
import { callBytes, type Committer, type Placed } from './commit/commit.ts'
import { consistencyProof } from './tree/consistency.ts'
import { type EntryReader, type StoredRecord, toEntry } from './entry/entry-reader.ts'
import type { EntryPlaces } from './entry/entry-places.ts'
import { inclusionProof } from './tree/inclusion.ts'
import type { AppendOptions, Draft, Entry, Head, KeyRing, Log, Pending } from './log.ts'
import { leafHashOfPrefixed } from './tree/merkle.ts'
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
  readonly lastTime: number
  readonly repaired: () => Promise<readonly string[]>
  /** Ends the background work and leaves the marker of a clean stop. */
  readonly finish: (clean: boolean) => Promise<void>
}

export class RunningLog implements Log {
  readonly name: string
  readonly origin: string
  readonly #parts: LogParts
  readonly #listeners: ((trouble: Trouble) => void)[] = []
  #length: number
  #lastTime: number
  #closing: Promise<void> | undefined

  constructor(parts: LogParts) {
    this.#parts = parts
    this.name = parts.name
    this.origin = parts.origin
    this.#length = parts.places.length
    this.#lastTime = parts.lastTime
  }

  get length(): number {
    return this.#length
  }

  get trouble(): Trouble {
    return this.#parts.committer.trouble
  }

  onTrouble(listener: (trouble: Trouble) => void): void {
    this.#listeners.push(listener)
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
    const call = new PlacedCall(this.name, this.#length, records, reserve, size => signing.covering(size))
    if (callBytes(call) > segments.capacity) {
      throw new Fault(
        'ledger.too_large',
        `The ${drafts.length} entries need ${callBytes(call)} bytes in one frame.`,
        {
          next: 'Log them in several calls.',
          facts: { bytes: callBytes(call), limit: segments.capacity },
        },
      )
    }
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
    for await (const record of this.#parts.reader.records(from, end)) yield await this.#authentic(record)
  }

  async payload(index: number, keys: KeyRing): Promise<JsonValue | undefined> {
    const record = await this.#parts.reader.record(this.#durable(index))
    const entry = await this.#authentic(record)
    const { commit } = JSON.parse(entry.bytes.toString('utf8')) as { readonly commit?: string }
    if (commit === undefined) return undefined
    if (record.sealed.length === 0) throw this.#parts.reader.damaged(index)
    const opened = openPayload(record.sealed, keys, this.origin, entry.id, commit)
    if (opened === undefined) throw this.#parts.reader.damaged(index)
    return opened.payload
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
  settle(placed: readonly Placed[]): void {
    const { tree, places, chains, signing } = this.#parts
    for (const { record, segment, offset, length } of placed) {
      tree.append(record.leafHash)
      places.push(segment, offset, length)
      chains.settle(record.src, { sseq: record.sseq, leafHash: record.leafHash })
    }
    signing.touch()
  }

  /** @internal The committer refused everything that was queued. */
  rollBack(): void {
    this.#parts.chains.rollBack()
    this.#length = this.#parts.places.length
  }

  /** @internal */
  troubled(trouble: Trouble): void {
    for (const listener of this.#listeners) listener(trouble)
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
    const { tiles, reader } = this.#parts
    const entry = sameBytes(leafHashOfPrefixed(record.prefixed), await tiles.leaf(record.index))
      ? toEntry(record)
      : undefined
    if (entry === undefined) throw reader.damaged(record.index)
    return entry
  }
}
