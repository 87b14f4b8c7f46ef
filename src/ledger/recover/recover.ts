import { Fault } from '../../kernel/faults.ts'
import type { Disk } from '../disk.ts'
import { decodeEntry } from '../entry/entry.ts'
import { EntryPlaces } from '../entry/entry-places.ts'
import { ChainReader, SourceChains } from '../entry/source-chains.ts'
import { openCheckpoint } from '../note/checkpoint.ts'
import type { NoteVerifier } from '../note/note.ts'
import type { Frame, FramePlace } from '../segment/frame.ts'
import { FrameChain } from '../segment/frame-chain.ts'
import { listSegments, scan } from '../segment/scan.ts'
import { segmentPath, type SegmentState } from '../segment/segments.ts'
import type { SignedHead, Signer } from '../signer/signer.ts'
import { leafHashOfPrefixed } from '../tree/merkle.ts'
import { CHECKPOINT_FILE } from '../tree/publish.ts'
import { TILE_WIDTH } from '../tree/tile-path.ts'
import { type OnFull, Tree } from '../tree/tree.ts'
import { CLEAN_STOP_FILE, decodeCleanStop } from './clean-stop.ts'
import { type Resumed, resume } from './resume.ts'
import { rewriteTail, type Torn, usedBytes } from './rewrite-tail.ts'
import { turnedBack, wentAnotherWay } from './turned-back.ts'

/** Whose head it is that counts for more than one of the log's own files. */
const SIGNER = 'the signer'

export interface RecoverOptions {
  readonly log: string
  readonly origin: string
  readonly disk: Disk
  /** Of all keys whose signature makes a checkpoint this log's own. */
  readonly keys: readonly NoteVerifier[]
  readonly signer: Pick<Signer, 'mac' | 'last'>
  /** Given every tile that fills up on the way. */
  readonly onFull: OnFull
}

/** Why the stop before this start was not clean; undefined when it was, or when the log is new. */
export type UncleanCause = 'no_clean_stop' | 'torn_tail' | 'damaged_marker' | 'bad_snapshot' | undefined

/** A head with where it was found. */
export interface RememberedHead extends SignedHead {
  readonly from: string
}

export interface Recovered {
  readonly tree: Tree
  readonly places: EntryPlaces
  readonly chains: SourceChains
  /** Where the next frame goes. */
  readonly segments: SegmentState
  readonly lastTime: number
  /** Epoch of the last frame; 0 when there is none. */
  readonly epoch: number
  /** Undefined when there is none. */
  readonly lastFrame: FramePlace | undefined
  readonly cause: UncleanCause
  readonly tornBytes: number
  /** Entries a snapshot vouched for, which were not read. */
  readonly unread: number
  /** Heads of fewer entries than were unread: the log must still be shown to extend them. */
  readonly older: readonly RememberedHead[]
  /** Size of the head in the `checkpoint` file, which its files show; undefined when there is none that counts. */
  readonly published: number | undefined
}

/**
 * LEDGER "Recovery" 2–5: reads every frame, or those behind the snapshot, re-hashes every entry into the tree, and compares with
 * every head that is remembered. Fault `ledger.damaged` names file and index and leaves the folder as it was; a torn tail that no
 * signed head covers is cut. The directory lock must be held.
 */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const { disk, signer } = options
  const { heads, stopped, marker, published } = await rememberedHeads(options)
  const numbers = await listSegments(disk)
  // Tiles of a published head are files; one that is missing or wrong is made again by whoever reads it.
  const behind = published?.size ?? 0
  const onFull: OnFull = (tile, bytes) => {
    if ((tile.index + 1) * TILE_WIDTH ** (Number(tile.level) + 1) > behind) options.onFull(tile, bytes)
  }
  const resumed = await resume({ ...options, onFull, heads, segments: numbers })
  const reading = new Reading({ ...options, onFull }, heads, resumed)
  await reading.through(numbers)

  const { tree, torn } = reading
  for (const { from, size } of heads) {
    if (size <= tree.size) continue
    const file = torn?.file ?? segmentPath(reading.segments.active)
    const { log, origin } = options
    if (torn === undefined && from === SIGNER)
      throw turnedBack({ log, origin, signed: size, file, index: tree.size })
    const what = torn === undefined ? 'the log was turned back' : 'a frame that is not intact'
    throw damaged(
      options,
      file,
      torn?.index ?? tree.size,
      `${what}: ${from} remembers ${size} entries, ${tree.size} are whole`,
    )
  }
  // The first signature covers entry 0 and comes before anything else is accepted.
  if (signer.last() === undefined && tree.size > 1) {
    throw damaged(options, segmentPath(0), 0, 'entries although the signer remembers none')
  }

  const clean = stopped !== undefined && stopped.size === tree.size && torn === undefined
  if (!clean) await rewriteTail(disk, reading.segments, reading.vouchedBytes, torn)
  return {
    tree,
    places: reading.places,
    chains: reading.chains,
    segments: reading.segments,
    lastTime: reading.lastTime,
    epoch: reading.epoch,
    lastFrame: reading.lastFrame,
    cause:
      tree.size === 0
        ? undefined
        : torn !== undefined
          ? 'torn_tail'
          : !clean
            ? marker
              ? 'damaged_marker'
              : 'no_clean_stop'
            : resumed.from === 'beginning' && resumed.why === 'bad_snapshot'
              ? 'bad_snapshot'
              : undefined,
    tornBytes: torn?.bytes ?? 0,
    unread: reading.unread,
    older: heads.filter(({ size }) => size < reading.unread),
    published: published?.size,
  }
}

/** Reads frames in order, and what they add up to. Starts behind the snapshot when there is one. */
class Reading {
  readonly tree: Tree
  readonly places: EntryPlaces
  readonly unread: number
  lastTime: number
  lastFrame: FramePlace | undefined
  torn: Torn | undefined
  readonly #options: RecoverOptions
  readonly #heads: readonly RememberedHead[]
  readonly #chain: FrameChain
  readonly #sources: ChainReader
  readonly #start: SegmentState

  constructor(options: RecoverOptions, heads: readonly RememberedHead[], resumed: Resumed) {
    this.#options = options
    this.#heads = heads
    const { origin, onFull } = options
    if (resumed.from === 'beginning') {
      this.tree = new Tree(onFull)
      this.places = new EntryPlaces()
      this.unread = 0
      this.lastTime = 0
      this.#chain = new FrameChain(origin)
      this.#sources = new ChainReader()
      this.#start = { active: 0, offset: 0 }
      return
    }
    const { size, firsts, frame, epoch, time, sources } = resumed.snapshot
    this.tree = resumed.tree
    this.places = new EntryPlaces(firsts, size)
    this.unread = size
    this.lastTime = time
    this.lastFrame = frame
    this.#chain = new FrameChain(origin, { next: size, previous: frame.hash, epoch })
    this.#sources = new ChainReader(new SourceChains(sources))
    this.#start = { active: frame.segment, offset: frame.end }
  }

  get epoch(): number {
    return this.#chain.epoch
  }

  get chains(): SourceChains {
    return this.#sources.chains
  }

  get segments(): SegmentState {
    return this.lastFrame === undefined
      ? { active: 0, offset: 0 }
      : { active: this.lastFrame.segment, offset: this.lastFrame.end }
  }

  /** Bytes at the beginning of the active segment that were not read. */
  get vouchedBytes(): number {
    return this.#start.active === this.segments.active ? this.#start.offset : 0
  }

  async through(numbers: readonly number[]): Promise<void> {
    const { active, offset } = this.#start
    const ahead = numbers.filter(number => number >= active)
    for await (const found of scan(this.#options.disk, ahead, ahead[0] === active ? offset : 0)) {
      if (found.kind === 'end') continue
      if (this.torn !== undefined) {
        const { file, index } = this.torn
        const what =
          found.kind === 'bad'
            ? 'a frame that is not intact'
            : 'a frame that is not intact, before one that is'
        throw damaged(this.#options, file, index, what)
      }
      if (found.kind === 'frame') {
        this.#take(found.file, found.frame)
        const { segment, frame } = found
        this.#place(segment, frame)
        this.lastFrame = { segment, offset: found.offset, end: frame.end, hash: Buffer.from(frame.hash) }
      } else {
        const { segment, file, bytes } = found
        this.torn = { segment, file, offset: found.offset, index: this.#chain.next, bytes: usedBytes(bytes) }
      }
    }
  }

  #take(file: string, frame: Frame): void {
    const wrong = this.#chain.fault(frame)
    if (wrong !== undefined) throw damaged(this.#options, file, this.#chain.next, wrong)
    for (const [i, record] of frame.records.entries()) {
      const index = frame.first + i
      const leafHash = leafHashOfPrefixed(record.prefixed)
      const fields = decodeEntry(record.entry)
      if (fields === undefined) throw damaged(this.#options, file, index, 'bytes that are not an entry')
      const broken = this.#sources.next(fields, leafHash)
      if (broken !== undefined) throw damaged(this.#options, file, index, broken)
      this.lastTime = Math.max(this.lastTime, fields.t)
      this.tree.append(leafHash)
      for (const { from, size, root } of this.#heads) {
        if (size === this.tree.size && !root.equals(this.tree.root())) {
          throw anotherTree(this.#options, from, size, file, index)
        }
      }
    }
    this.#chain.pass(frame)
  }

  #place(segment: number, frame: Frame): void {
    for (const { offset, entry, sealed } of frame.records)
      this.places.push(segment, offset, entry.length, sealed.length)
  }
}

async function rememberedHeads({ disk, keys, signer }: RecoverOptions): Promise<{
  readonly heads: readonly RememberedHead[]
  readonly stopped: SignedHead | undefined
  /** Whether there is a marker of a clean stop, readable or not. */
  readonly marker: boolean
  readonly published: SignedHead | undefined
}> {
  const marker = await disk.read(CLEAN_STOP_FILE)
  const stopped = marker === undefined ? undefined : decodeCleanStop(marker)
  const note = await disk.read(CHECKPOINT_FILE)
  const published = note === undefined ? undefined : openCheckpoint(note.toString('utf8'), ...keys)
  const heads = [
    { from: SIGNER, head: signer.last() },
    { from: CLEAN_STOP_FILE, head: stopped },
    { from: CHECKPOINT_FILE, head: published },
  ].flatMap(({ from, head }) => (head === undefined ? [] : [{ size: head.size, root: head.root, from }]))
  return { heads, stopped, marker: marker !== undefined, published }
}

/** `ledger.damaged`: the entries at hand make another tree of `size` than `from` remembers. */
export function anotherTree(
  { log, origin }: Pick<RecoverOptions, 'log' | 'origin'>,
  from: string,
  size: number,
  file: string,
  index: number,
): Fault {
  return from === SIGNER
    ? wentAnotherWay({ log, origin, signed: size, file, index })
    : damaged({ log }, file, index, `another tree of ${size} entries than ${from} remembers`)
}

/** `ledger.damaged`, found at the start. */
function damaged({ log }: Pick<RecoverOptions, 'log'>, file: string, index: number, what: string): Fault {
  return new Fault('ledger.damaged', `The log ${log} is damaged at entry ${index}: ${file} holds ${what}.`, {
    next: 'Nothing was changed. Run `breakglass ledger verify`, then restore the folder from a backup.',
    facts: { log, file, index },
  })
}
