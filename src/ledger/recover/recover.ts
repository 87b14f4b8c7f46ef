import { Fault } from '../../kernel/faults.ts'
import { openCheckpoint } from '../note/checkpoint.ts'
import { CLEAN_STOP_FILE, decodeCleanStop } from './clean-stop.ts'
import type { Disk } from '../disk.ts'
import { decodeEntry } from '../entry/entry.ts'
import { EntryPlaces } from '../entry/entry-places.ts'
import type { Frame } from '../segment/frame.ts'
import { FrameChain } from '../segment/frame-chain.ts'
import { leafHashOfPrefixed } from '../tree/merkle.ts'
import type { NoteVerifier } from '../note/note.ts'
import { CHECKPOINT_FILE } from '../tree/publish.ts'
import { listSegments, scan } from '../segment/scan.ts'
import { fillWithZeros, segmentPath } from '../segment/segments.ts'
import type { SignedHead } from '../signer/signer.ts'
import { SourceChains } from '../entry/source-chains.ts'
import type { Tree } from '../tree/tree.ts'

export interface RecoverOptions {
  readonly log: string
  readonly origin: string
  readonly disk: Disk
  readonly verifier: NoteVerifier
  /** What the signer remembers; undefined for a new log. */
  readonly signed: SignedHead | undefined
  /** Filled here. */
  readonly tree: Tree
}

/** Why the stop before this start was not clean; undefined when it was, or when the log is new. */
export type UncleanCause = 'no_clean_stop' | 'torn_tail' | 'damaged_marker' | undefined

export interface Recovered {
  readonly places: EntryPlaces
  readonly chains: SourceChains
  /** Where the next frame goes. */
  readonly segments: { readonly active: number; readonly offset: number }
  readonly lastTime: number
  /** Epoch of the last frame; 0 when there is none. */
  readonly epoch: number
  readonly previousFrame: Buffer
  readonly cause: UncleanCause
  readonly tornBytes: number
  /** Size of the head in the `checkpoint` file, 0 when there is none that counts. */
  readonly published: number
}

interface Torn {
  readonly segment: number
  readonly file: string
  readonly offset: number
  readonly index: number
  readonly bytes: number
}

/**
 * LEDGER "Recovery" 2–5: reads every frame, re-hashes every entry into `tree`, and compares with every head that is
 * remembered. Fault `ledger.damaged` names file and index and leaves the folder as it was; a torn tail that no signed
 * head covers is cut. The directory lock must be held.
 */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const { disk, tree, signed } = options
  const marker = await disk.read(CLEAN_STOP_FILE)
  const stopped = marker === undefined ? undefined : decodeCleanStop(marker)
  const note = await disk.read(CHECKPOINT_FILE)
  const published = note === undefined ? undefined : openCheckpoint(note.toString('utf8'), options.verifier)
  const heads = [
    { from: 'the signer', head: signed },
    { from: CLEAN_STOP_FILE, head: stopped },
    { from: CHECKPOINT_FILE, head: published },
  ].flatMap(({ from, head }) => (head === undefined ? [] : [{ from, head }]))

  const places = new EntryPlaces()
  const chains = new SourceChains()
  const chain = new FrameChain(options.origin)
  let lastTime = 0
  let torn: Torn | undefined
  let active = 0
  let offset = 0

  const readFrame = (segment: number, file: string, frame: Frame): void => {
    const wrong = chain.fault(frame)
    if (wrong !== undefined) throw damaged(options, file, chain.next, wrong)
    for (const [i, record] of frame.records.entries()) {
      const index = frame.first + i
      const leafHash = leafHashOfPrefixed(record.prefixed)
      const fields = decodeEntry(record.entry)
      if (fields === undefined) throw damaged(options, file, index, 'bytes that are not an entry')
      const last = chains.last(fields.src)
      if (fields.sseq !== (last?.sseq ?? -1) + 1 || fields.sprev !== last?.leafHash.toString('hex')) {
        throw damaged(options, file, index, `an entry that does not follow the last of ${fields.src}`)
      }
      chains.settle(fields.src, { sseq: fields.sseq, leafHash })
      places.push(segment, record.offset, record.entry.length)
      lastTime = Math.max(lastTime, fields.t)
      tree.append(leafHash)
      for (const { from, head } of heads) {
        if (head.size === tree.size && !head.root.equals(tree.root())) {
          throw damaged(options, file, index, `another tree of ${head.size} entries than ${from} remembers`)
        }
      }
    }
    chain.pass(frame)
  }

  const numbers = await listSegments(disk)
  for await (const found of scan(disk, numbers)) {
    if (found.kind === 'bad') {
      if (torn !== undefined) throw damaged(options, torn.file, torn.index, 'a frame that is not intact')
      torn = {
        segment: found.segment,
        file: found.file,
        offset: found.offset,
        index: chain.next,
        bytes: usedBytes(found.bytes),
      }
    } else if (found.kind === 'frame') {
      if (torn !== undefined)
        throw damaged(options, torn.file, torn.index, 'a frame that is not intact, before one that is')
      readFrame(found.segment, found.file, found.frame)
      active = found.segment
      offset = found.frame.end
    }
  }

  for (const { from, head } of heads) {
    if (head.size <= tree.size) continue
    const at = torn?.file ?? segmentPath(active)
    const what = torn === undefined ? 'the log was turned back' : 'a frame that is not intact'
    throw damaged(
      options,
      at,
      torn?.index ?? tree.size,
      `${what}: ${from} remembers ${head.size} entries, ${tree.size} are whole`,
    )
  }
  // The first signature covers entry 0 and comes before anything else is accepted.
  if (signed === undefined && tree.size > 1) {
    throw damaged(options, segmentPath(0), 0, 'entries although the signer remembers none')
  }

  const clean = stopped !== undefined && stopped.size === tree.size && torn === undefined
  if (!clean) await rewriteTail(disk, active, offset, torn)
  const cause =
    clean || tree.size === 0
      ? undefined
      : torn !== undefined
        ? 'torn_tail'
        : marker === undefined
          ? 'no_clean_stop'
          : 'damaged_marker'
  return {
    places,
    chains,
    segments: { active, offset },
    lastTime,
    epoch: chain.epoch,
    previousFrame: chain.previous,
    cause,
    tornBytes: torn?.bytes ?? 0,
    published: published?.size ?? 0,
  }
}

/**
 * What an fsync that failed before the stop left in the page cache may look clean and yet not be on the disk; frames
 * before the active segment were on it before the next one began.
 */
async function rewriteTail(
  disk: Disk,
  active: number,
  offset: number,
  torn: Torn | undefined,
): Promise<void> {
  for (const segment of new Set([active, torn?.segment ?? active])) {
    const path = segmentPath(segment)
    if ((await disk.read(path)) === undefined) continue
    const file = await disk.open(path)
    try {
      const end = segment === active ? offset : 0
      const size = await file.size()
      await file.write(0, await file.read(0, end))
      await fillWithZeros(file, end, size)
      await file.sync()
    } finally {
      await file.close()
    }
  }
}

/** Length up to the last byte that is not zero. */
function usedBytes(bytes: Buffer): number {
  let length = bytes.length
  while (length > 0 && bytes[length - 1] === 0) length -= 1
  return length
}

function damaged({ log }: RecoverOptions, file: string, index: number, what: string): Fault {
  return new Fault('ledger.damaged', `The log ${log} is damaged at entry ${index}: ${file} holds ${what}.`, {
    next: 'Nothing was changed. Run `breakglass ledger verify`, then restore the folder from a backup.',
    facts: { log, file, index },
  })
}
