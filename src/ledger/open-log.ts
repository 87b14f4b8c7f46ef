import { sha256 } from '../kernel/bytes.ts'
import type { Clock } from '../kernel/clock.ts'
import { Fault, isFault } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import { CLEAN_STOP_FILE, encodeCleanStop } from './recover/clean-stop.ts'
import { consistencyProof, verifyConsistency } from './tree/consistency.ts'
import { Committer } from './commit/commit.ts'
import type { Disk } from './disk.ts'
import { EntryReader } from './entry/entry-reader.ts'
import { logIdOf, NO_FRAME } from './segment/frame.ts'
import type { Draft } from './log.ts'
import { parseVkey } from './note/note.ts'
import { Publisher } from './tree/publish.ts'
import { anotherTree, recover, type Recovered } from './recover/recover.ts'
import { RunningLog } from './running-log.ts'
import { segmentPath, Segments } from './segment/segments.ts'
import type { Signer } from './signer/signer.ts'
import { Signing } from './commit/signing.ts'
import { PendingTiles } from './tree/pending-tiles.ts'
import { Tiles } from './tree/tiles.ts'
import type { OnFull } from './tree/tree.ts'
import { Rehash } from './recover/rehash.ts'
import { KeptFiles } from './recover/kept-files.ts'
import { SnapshotKeeper } from './recover/keep-snapshot.ts'
import { fullFault, isShortage } from './trouble.ts'

export interface OpenLogOptions {
  /** `control`, or the name of the gateway node. */
  readonly name: string
  /** Schemeless URL, the signer's key name; never reused. */
  readonly origin: string
  /** The log's own folder; its lock must be held by this process. */
  readonly disk: Disk
  /** Owned by the log from here on: closed with it, also when it does not open. */
  readonly signer: Signer
  readonly clock: Clock
  /** Bytes of a segment, at least 64 KiB; two of them are always preallocated. */
  readonly segmentBytes?: number
  /** 0 (default): sign as soon as durable; else at most this many ms later. */
  readonly signEveryMs?: number
  /** Longest delay until the derived files show a signed head, ms. */
  readonly publishEveryMs?: number
  /** Rest before what a start did not read is gone through, ms; default 0. */
  readonly rehashAfterMs?: number
  /** Facts of entry 0: origin, verifier key, procedure digest, version. */
  readonly entryZero: JsonObject
  /** Origins this log goes on from, oldest first: payloads of entries below `size` are bound to `origin`. */
  readonly former?: readonly { readonly origin: string; readonly size: number }[]
}

const SEGMENT_BYTES = 4 * 1024 * 1024
const LEAST_SEGMENT_BYTES = 64 * 1024
const SOURCE = 'ledger'
/** A stop writes derived files for as long; what is left, the next start goes on with. */
const STOP_MS = 2000

/**
 * Recovers and opens a log; a new one gets its entry 0. Errors: `ledger.damaged` (nothing was changed), `ledger.full`
 * when there is no room for a first segment, `config.invalid` when signer and origin do not belong together.
 */
export async function openLog(options: OpenLogOptions): Promise<RunningLog> {
  try {
    return await open(options)
  } catch (error) {
    await options.signer.close()
    throw error
  }
}

async function open(options: OpenLogOptions): Promise<RunningLog> {
  const { name, origin, disk, signer, segmentBytes = SEGMENT_BYTES } = options
  const keys = signer.vkeys.flatMap(vkey => parseVkey(vkey) ?? [])
  if (keys.length < signer.vkeys.length || !keys.every(key => key.name === origin)) {
    throw new Fault('config.invalid', `The signer of the log ${name} is not that of ${origin}.`, {
      next: 'Give the log the signer whose key is named like its origin.',
    })
  }
  if (segmentBytes < LEAST_SEGMENT_BYTES)
    throw new RangeError(`a segment has at least ${LEAST_SEGMENT_BYTES} bytes`)

  const pending = new PendingTiles()
  const keep: OnFull = (tile, bytes) => pending.add(tile, bytes)
  const recovered = await recover({ log: name, origin, disk, keys, signer, onFull: keep })
  const segments = new Segments(disk, segmentBytes, recovered.segments)
  try {
    return await openOn(segments, recovered, pending, options)
  } catch (error) {
    await segments.close()
    throw error
  }
}

/** `pending`: tiles that filled up in recovery and are not yet files. */
async function openOn(
  segments: Segments,
  recovered: Recovered,
  pending: PendingTiles,
  options: OpenLogOptions,
): Promise<RunningLog> {
  const { name, origin, disk, signer, clock, signEveryMs = 0, publishEveryMs = 1000 } = options
  const { tree, places } = recovered
  const reader = new EntryReader(name, segments, places)
  const tiles = new Tiles(disk, tree, reader, pending)
  const prove = (from: number, to: number): Promise<Buffer[]> => consistencyProof(tiles, from, to)
  const start = { size: tree.size, root: tree.root() }
  for (const { from, size, root } of recovered.older) {
    if (verifyConsistency(size, start.size, root, start.root, await prove(size, start.size))) continue
    const file = segmentPath(places.segmentOf(size - 1))
    throw anotherTree({ log: name, origin }, from, size, file, size - 1)
  }
  await disk.remove(CLEAN_STOP_FILE)
  await prepare(segments, name)
  const checkpoint = tree.size === 0 ? '' : await signer.sign(start, from => prove(from, start.size))
  const head = { ...start, checkpoint }
  const signing: Signing = new Signing(
    {
      signer,
      tree,
      prove,
      everyMs: signEveryMs,
      onSigned: () => publisher.touch(),
      onFailed: cause => committer.fail(cause),
    },
    head,
  )
  const publisher = new Publisher({
    disk,
    tiles,
    reader,
    head: () => signing.head,
    everyMs: publishEveryMs,
    published: recovered.published ?? 0,
    // Without a checkpoint that counts, what a start did not read is left to those who go through it.
    filed: recovered.published ?? recovered.unread,
  })
  const committer: Committer = new Committer({
    log: name,
    logId: logIdOf(origin),
    epoch: recovered.epoch + 1,
    previous: recovered.lastFrame?.hash ?? NO_FRAME,
    segments,
    onDurable: (records, frame) => log.settle(records, frame),
    onRefused: () => log.rollBack(),
    onTrouble: (trouble, why) => log.troubled(trouble, why),
  })
  const mac = (bytes: Buffer): Promise<Buffer> => signer.mac(sha256(bytes))
  const snapshots = new SnapshotKeeper({
    disk,
    mac,
    capture: () => log.capture(),
  })
  const rehash = new Rehash({
    origin,
    disk,
    reader,
    tiles,
    size: places.length,
    lastSegment: recovered.segments.active,
    afterMs: options.rehashAfterMs ?? 0,
  })
  const log: RunningLog = new RunningLog({
    name,
    origin,
    former: options.former ?? [],
    clock,
    tree,
    places,
    chains: recovered.chains,
    segments,
    committer,
    signing,
    signer,
    reader,
    tiles,
    lastTime: recovered.lastTime,
    lastFrame: recovered.lastFrame,
    epoch: recovered.epoch + 1,
    snapshots,
    kept: new KeptFiles({ origin, disk, mac }),
    repaired: () => repaired,
    finish: async clean => {
      rehash.stop()
      await publisher.stop(clean ? STOP_MS : 0)
      await snapshots.idle()
      await repaired
      if (!clean) return
      // The marker may lack room; the next start then recovers.
      try {
        await snapshots.write()
        await disk.replace(CLEAN_STOP_FILE, encodeCleanStop(signing.head))
      } catch (error) {
        if (!isShortage(error)) throw error
      }
    },
  })
  signer.onLost?.(fault => committer.fail(fault))
  await firstWords(log, recovered, options)
  await signing.finish()
  publisher.touch()
  const repaired = rehash.run().catch((error: unknown): readonly string[] => {
    // Derived files that cannot be written are no reason to stop; entries that are not what was signed are.
    if (isFault(error, 'ledger.damaged')) committer.fail(error)
    return []
  })
  return log
}

/** The segment in use and one spare; without the spare the log opens as it is, and asks again when it needs it. */
async function prepare(segments: Segments, log: string): Promise<void> {
  try {
    await segments.reserve()
    await segments.reserve()
  } catch (error) {
    if (!isShortage(error)) throw error
    if (!segments.usable) throw fullFault(log, error)
  }
}

async function firstWords(
  log: RunningLog,
  recovered: Recovered,
  { entryZero }: OpenLogOptions,
): Promise<void> {
  const draft: Draft | undefined =
    log.length === 0
      ? { type: 'ledger.created', src: SOURCE, data: entryZero }
      : recovered.cause === undefined
        ? undefined
        : {
            type: 'ledger.recovered',
            src: SOURCE,
            outcome: recovered.cause,
            data: { torn_bytes: recovered.tornBytes, unread: recovered.unread },
          }
  if (draft !== undefined) await log.append([draft], { reserve: true }).durable()
}
