import { decodeKept } from '../recover/kept-file.ts'
import { KEPT_FOLDER, keptKind } from '../recover/kept-files.ts'
import { decodeSnapshot, SNAPSHOT_FILE } from '../recover/snapshot.ts'
import { openCheckpoint } from '../note/checkpoint.ts'
import { CLEAN_STOP_FILE, decodeCleanStop } from '../recover/clean-stop.ts'
import type { Disk } from '../disk.ts'
import { decodeEntry, type EntryFields } from '../entry/entry.ts'
import { type Glance, GlanceReader } from '../entry/glance.ts'
import type { Finding } from './finding.ts'
import type { PlacedRecord } from '../segment/frame.ts'
import { FrameChain } from '../segment/frame-chain.ts'
import { leafHash, leafHashOfPrefixed } from '../tree/merkle.ts'
import { parseVkey, type NoteVerifier } from '../note/note.ts'
import { CHECKPOINT_FILE } from '../tree/publish.ts'
import { firstHurt, salvageRecords } from '../segment/salvage.ts'
import { type Found, listSegments, scan } from '../segment/scan.ts'
import { SEGMENT_FOLDER, segmentNumber, segmentPath } from '../segment/segments.ts'
import { keyEventOf } from '../signer/key-event.ts'
import { type KeyEvent, type KeyLife, keyLives, keysCounting } from '../signer/key-life.ts'
import { MEMORY_FILE, readMemory, SLOT_BYTES } from '../signer/signer-memory.ts'
import type { SignedHead } from '../signer/signer.ts'
import { ChainReader } from '../entry/source-chains.ts'
import { TILE_WIDTH, type TilePath } from '../tree/tile-path.ts'
import { fullTiles, partialTiles, Tree } from '../tree/tree.ts'
import { listFiles, TileFiles } from './verify-files.ts'

export interface VerifyOptions {
  readonly disk: Disk
  /** The verifier key to trust; its name is the origin. Not one found beside the log. */
  readonly vkey: string
  /** Verifier keys to trust beside it: those that sign with it while one takes over from the other. */
  readonly further?: readonly string[]
  /** The signer's own folder, where it can be read. */
  readonly signer?: Disk
  /** Called now and then with the number of entries verified. */
  readonly onProgress?: (entries: number) => void
}

export interface Verified {
  /** Entries found; of them, those up to the first unreadable frame are in `root`. */
  readonly size: number
  readonly root: Buffer
  /** What the entries found say about the keys of the log. */
  readonly keys: readonly KeyLife[]
  /** Empty: every byte of the folder is what it must be. */
  readonly findings: readonly Finding[]
}

/**
 * Verifies a closed log from its files alone and changes nothing: frames, their chain, entries, the chains of their
 * sources, padding, tiles, bundles, checkpoint, marker and the signer's memory. One changed byte in any of them is a
 * finding. Files that an interrupted write left (`….tmp`) mean nothing and are passed over. TypeError on a bad vkey.
 */
export async function verifyLog(options: VerifyOptions): Promise<Verified> {
  const { disk, vkey, further = [], signer, onProgress } = options
  const verifier = parseVkey(vkey)
  if (verifier === undefined) throw new TypeError('not the verifier key of a log')
  const keys = [verifier, ...further.flatMap(one => parseVkey(one) ?? [])]
  const findings: Finding[] = []
  const files = (await listFiles(disk)).filter(path => !path.endsWith('.tmp'))
  const heads = await rememberedHeads(disk, signer, keys, findings)
  for (const path of files) {
    if (path.startsWith(`${KEPT_FOLDER}/`)) await verifyKept(disk, path, verifier.name, findings)
    else if (!belongs(path)) findings.push({ file: path, what: 'a file that does not belong to a log' })
  }
  const tiles = new TileFiles(
    disk,
    files.filter(path => path.startsWith('tile/')),
    findings,
  )

  const run = new VerifyRun(verifier.name, heads, tiles, findings)
  const numbers = await listSegments(disk)
  for (const [i, number] of numbers.entries()) {
    if (number !== i) findings.push({ file: segmentPath(i), what: 'a segment is missing' })
  }
  for await (const found of scan(disk, numbers)) {
    await run.take(found)
    if (found.kind === 'end') onProgress?.(run.size)
  }
  await run.finish()
  const published = heads.find(head => head.file === CHECKPOINT_FILE)
  tiles.finish(published === undefined ? [] : [...fullTiles(published.size), ...partialTiles(published.size)])
  const lives = keyLives(run.keyEvents)
  if (published !== undefined && lives.length > 0) {
    const counting = keysCounting(lives, published.size)
    if (![vkey, ...further].some(key => counting.includes(key)))
      findings.push({
        file: CHECKPOINT_FILE,
        what: 'a checkpoint by a key that the log does not name for it',
      })
  }
  return { size: run.size, root: run.root, keys: lives, findings }
}

interface RememberedHead extends SignedHead {
  readonly file: string
}

function belongs(path: string): boolean {
  if (
    path === CHECKPOINT_FILE ||
    path === CLEAN_STOP_FILE ||
    path === SNAPSHOT_FILE ||
    path.startsWith('tile/')
  )
    return true
  const name = path.startsWith(`${SEGMENT_FOLDER}/`) ? path.slice(SEGMENT_FOLDER.length + 1) : ''
  return segmentNumber(name) !== undefined
}

/** Whoever wrote it only the signer can tell; whether it is whole anybody can. */
async function verifyKept(disk: Disk, path: string, origin: string, findings: Finding[]): Promise<void> {
  const kind = keptKind(origin, path.slice(KEPT_FOLDER.length + 1))
  const bytes = await disk.read(path)
  if (kind === undefined || bytes === undefined || decodeKept(kind, bytes) === undefined)
    findings.push({ file: path, what: 'a kept file that is not whole' })
}

/** Heads that checkpoint, marker and signer remember; what cannot be read of them is a finding. */
async function rememberedHeads(
  disk: Disk,
  signer: Disk | undefined,
  keys: readonly NoteVerifier[],
  findings: Finding[],
): Promise<RememberedHead[]> {
  const heads: RememberedHead[] = []
  const note = await disk.read(CHECKPOINT_FILE)
  const checkpoint = note === undefined ? undefined : openCheckpoint(note.toString('utf8'), ...keys)
  if (checkpoint !== undefined) heads.push({ ...checkpoint, file: CHECKPOINT_FILE })
  else if (note !== undefined)
    findings.push({ file: CHECKPOINT_FILE, what: 'a checkpoint that this key did not sign' })

  const marker = await disk.read(CLEAN_STOP_FILE)
  const stopped = marker === undefined ? undefined : decodeCleanStop(marker)
  if (stopped !== undefined) heads.push({ ...stopped, file: CLEAN_STOP_FILE })
  else if (marker !== undefined)
    findings.push({ file: CLEAN_STOP_FILE, what: 'a marker that cannot be read' })
  if (stopped !== undefined && note === undefined)
    findings.push({ file: CHECKPOINT_FILE, what: 'the checkpoint is missing' })

  const kept = await disk.read(SNAPSHOT_FILE)
  const snapshot = kept === undefined ? undefined : decodeSnapshot(kept)?.snapshot
  if (snapshot !== undefined) heads.push({ ...snapshot, file: SNAPSHOT_FILE })
  else if (kept !== undefined) findings.push({ file: SNAPSHOT_FILE, what: 'a snapshot that is not whole' })

  if (signer !== undefined) {
    const file = `signer/${MEMORY_FILE}`
    const memory = readMemory((await signer.read(MEMORY_FILE)) ?? Buffer.alloc(0), ...keys)
    for (const { checkpoint } of memory.heads) heads.push({ ...checkpoint, file })
    for (const slot of memory.damaged)
      findings.push({ file, what: `the slot at byte ${slot * SLOT_BYTES} is not whole` })
  }
  return heads
}

/** One pass over the entries. */
class VerifyRun {
  readonly keyEvents: KeyEvent[] = []
  readonly #findings: Finding[]
  readonly #heads: readonly RememberedHead[]
  readonly #tiles: TileFiles
  readonly #chain: FrameChain
  readonly #sources = new ChainReader()
  readonly #tree = new Tree((tile, bytes) => this.#full.push({ tile, bytes }))
  /** Full tiles of the entries just taken, to be compared with their files. */
  readonly #full: { readonly tile: TilePath; readonly bytes: Buffer }[] = []
  readonly #headSizes: ReadonlySet<number>
  readonly #glances = new GlanceReader()
  /** Entries of the bundle being filled, each behind its 0x00; they keep the segments they stand in. */
  #bundle: Buffer[] = []
  #lastTime = 0
  /** A frame that is not intact, until what follows shows how many entries it held. */
  #bad: Extract<Found, { kind: 'bad' }> | undefined
  /** False once entries are missing: from there on nothing can be said about the tree. */
  #complete = true

  constructor(origin: string, heads: readonly RememberedHead[], tiles: TileFiles, findings: Finding[]) {
    this.#chain = new FrameChain(origin)
    this.#heads = heads
    this.#headSizes = new Set(heads.map(head => head.size))
    this.#tiles = tiles
    this.#findings = findings
  }

  get size(): number {
    return this.#chain.next
  }

  get root(): Buffer {
    return this.#tree.root()
  }

  async take(found: Found): Promise<void> {
    if (found.kind === 'end') return
    if (found.kind === 'bad') {
      if (this.#bad !== undefined) await this.#passBad(this.#bad, 0)
      this.#bad = { ...found, bytes: Buffer.from(found.bytes) }
      return
    }
    const { frame, file } = found
    const bad = this.#bad
    this.#bad = undefined
    if (bad !== undefined) await this.#passBad(bad, frame.first - this.#chain.next)
    // The hash of a damaged frame is lost, so the first one behind it can be checked only for its place.
    const wrong = bad === undefined || frame.first !== this.#chain.next ? this.#chain.fault(frame) : undefined
    if (wrong !== undefined) {
      this.#note(file, this.#chain.next, wrong)
      if (frame.first !== this.#chain.next) this.#complete = false
    }
    await this.#entries(file, frame.first, frame.records)
    this.#chain.pass(frame)
  }

  async finish(): Promise<void> {
    const remembered = Math.max(0, ...this.#heads.map(head => head.size))
    if (this.#bad !== undefined) await this.#passBad(this.#bad, Math.max(0, remembered - this.#chain.next))
    for (let level = 0; this.#complete && level < this.#tree.levels; level += 1) {
      const edge = this.#tree.edge(level)
      if (edge !== undefined) await this.#tiles.tile(level, this.#tree.full(level), edge)
    }
    if (this.#complete && this.#bundle.length > 0) await this.#tiles.bundle(this.#tree.full(0), this.#bundle)
    for (const { file, size } of this.#heads) {
      if (size > this.#chain.next)
        this.#note(
          file,
          this.#chain.next,
          `the log was cut: ${size} entries are remembered, ${this.#chain.next} are there`,
        )
    }
    const stop = this.#heads.find(head => head.file === CLEAN_STOP_FILE)
    if (stop !== undefined && stop.size < this.#chain.next)
      this.#note(CLEAN_STOP_FILE, stop.size, 'entries behind a clean stop')
  }

  /** `count`: how many entries must have stood there; 0 when there may have been none. */
  async #passBad({ file, offset, bytes }: Extract<Found, { kind: 'bad' }>, count: number): Promise<void> {
    const first = this.#chain.next
    const records = count > 0 ? salvageRecords(bytes, count) : undefined
    if (records === undefined) {
      const what =
        count > 0
          ? `a frame that is not intact, of ${count} entries`
          : 'bytes that are neither a frame nor zeros'
      this.#note(file, first, `${what}, at byte ${offset}`)
      if (count > 0) this.#complete = false
      this.#chain.skip(Math.max(count, 0))
      return
    }
    const known = await this.#tiles.storedLeaves(first, count)
    const hurt = firstHurt(
      records,
      (i, { entry }) => known[i] === undefined || leafHash(entry).equals(known[i]),
    )
    this.#note(file, first + hurt, `a frame that is not intact, at byte ${offset}`)
    await this.#entries(file, first, records)
    this.#chain.skip(count)
  }

  async #entries(file: string, first: number, records: readonly PlacedRecord[]): Promise<void> {
    for (let i = 0; i < records.length; i += 1) {
      const { prefixed, entry, sealed } = records[i] as PlacedRecord
      const hash = leafHashOfPrefixed(prefixed)
      const event = keyEventOf(first + i, entry)
      if (event !== undefined) this.keyEvents.push(event)
      const glance = this.#glances.read(entry) ?? glanceOf(decodeEntry(entry))
      if (glance === undefined) this.#note(file, first + i, 'bytes that are not an entry')
      else this.#follow(file, first + i, glance, hash, sealed.length > 0)
      if (!this.#complete) continue
      this.#grow(first + i, hash, prefixed)
      if (this.#bundle.length === TILE_WIDTH) await this.#compareFull(Math.floor((first + i) / TILE_WIDTH))
    }
  }

  #follow(file: string, index: number, glance: Glance, hash: Buffer, hasPayload: boolean): void {
    const broken = this.#sources.next(glance, hash)
    if (broken !== undefined) this.#note(file, index, broken)
    if (glance.t < this.#lastTime) this.#note(file, index, 'an entry older than the one before it')
    if (glance.hasCommit !== hasPayload)
      this.#note(file, index, 'a commitment without its payload, or the reverse')
    this.#lastTime = Math.max(this.#lastTime, glance.t)
  }

  #grow(index: number, hash: Buffer, prefixed: Buffer): void {
    this.#tree.append(hash)
    this.#bundle.push(prefixed)
    if (!this.#headSizes.has(this.#tree.size)) return
    for (const head of this.#heads) {
      if (head.size !== this.#tree.size || head.root.equals(this.#tree.root())) continue
      this.#note(head.file, index, `the root of ${head.size} entries is not that of the entries found`)
    }
  }

  /** The files of the tiles that have just filled up. */
  async #compareFull(bundle: number): Promise<void> {
    await this.#tiles.bundle(bundle, this.#bundle)
    this.#bundle = []
    for (const { tile, bytes } of this.#full.splice(0)) {
      if (tile.level !== 'entries') await this.#tiles.tile(tile.level, tile.index, bytes)
    }
  }

  #note(file: string, index: number, what: string): void {
    this.#findings.push({ file, index, what })
  }
}

function glanceOf(fields: EntryFields | undefined): Glance | undefined {
  return fields && { ...fields, hasCommit: fields.commit !== undefined }
}
