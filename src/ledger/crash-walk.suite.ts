import { vi } from 'vitest'
import { durableDisk, type FileSystem } from './durable-disk.ts'
import type { Log } from './log.ts'
import { openLog } from './open-log.ts'
import { KEY, ORIGIN, scratchClock, SEED, SEGMENT, VKEY } from './scratch-log.suite.ts'
import { openLocalSigner } from './signer/local-signer.ts'
import type { Signer } from './signer/signer.ts'
import {
  type Fates,
  type Operation,
  type SimulatedFiles,
  type Unit,
  WHOLE_PAGE,
} from './simulated-files.suite.ts'
import { Frontier } from './tree/frontier.ts'
import { verifyLog } from './verify/verify-log.ts'

/** mulberry32: the same seed gives the same crash. 0 ≤ x < 1. */
export function chanceOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What the world was told, in the order it was told: none of it may ever become untrue. */
export class Told {
  readonly acknowledged: { readonly index: number; readonly leafHash: string }[] = []
  readonly heads: { readonly size: number; readonly root: string }[] = []
}

/** The medium right before an operation, and how much the world had been told by then. */
export interface Moment {
  readonly operation: string
  readonly files: SimulatedFiles
  readonly acknowledged: number
  readonly heads: number
}

/** What stands between the log and the simulated files; the identity but in the tests of the walk itself. */
export type Under = (files: FileSystem) => FileSystem

export const AS_IT_IS: Under = files => files

/** The signer of the log, on the same medium. */
export interface SignerPlace {
  readonly open: (files: FileSystem) => Promise<Signer>
  /** Its folder. */
  readonly folder: string
}

/** In the log's own process. */
export const INSIDE: SignerPlace = {
  open: files => openLocalSigner({ origin: ORIGIN, seed: SEED, disk: durableDisk(files, '/signer') }),
  folder: '/signer',
}

/** What a log runs on. */
export interface Surroundings {
  readonly under: Under
  readonly signer: SignerPlace
}

export interface Machine extends Surroundings {
  readonly files: SimulatedFiles
  readonly told: Told
  /** As `OpenLogOptions.signEveryMs`. */
  readonly signEveryMs: number
}

export async function start({ files, told, under, signer: place, signEveryMs }: Machine): Promise<Log> {
  const signer = await place.open(under(files))
  return openLog({
    name: 'control',
    origin: ORIGIN,
    disk: durableDisk(under(files), '/log'),
    signer: telling(signer, told),
    clock: scratchClock(),
    segmentBytes: SEGMENT,
    signEveryMs,
    publishEveryMs: 20,
    entryZero: {},
  })
}

/** Every signature that leaves the signer was told, whether the log passed it on or not. */
function telling(signer: Signer, told: Told): Signer {
  return {
    ...signer,
    async sign(head, prove) {
      const note = await signer.sign(head, prove)
      told.heads.push({ size: head.size, root: head.root.toString('hex') })
      return note
    },
  }
}

/** How much happens in one life of the scenario. */
export interface Work {
  readonly calls: number
  readonly entries: number
  readonly text: number
  readonly signEveryMs: number
}

/** Three sources write at once, one of them waiting for signatures; resolves when all are through or refused. */
export async function append(
  log: Log,
  told: Told,
  { calls, entries, text }: Omit<Work, 'signEveryMs'>,
): Promise<void> {
  const write = async (src: string): Promise<void> => {
    for (let n = 0; n < calls; n += 1) {
      const draft = {
        type: 'action',
        src,
        data: { n, text: 'x'.repeat((n % 7) * text) },
        payload: n,
        seal: KEY,
      }
      const call = log.append(Array.from({ length: entries }, () => draft))
      const receipts = src === 's_0' ? await call.signed() : await call.durable()
      for (const { index, leafHash } of receipts)
        told.acknowledged.push({ index, leafHash: leafHash.toString('hex') })
    }
  }
  await Promise.allSettled(['s_0', 's_1', 's_2'].map(write))
}

/** Everything a log does in its life: created, written, signed, published, moved on to new segments, stopped, started. */
export async function lives(machine: Machine, work: Work): Promise<void> {
  const first = await start(machine)
  await append(first, machine.told, work)
  await first.close()
  const second = await start(machine)
  await append(second, machine.told, { ...work, calls: 1 })
  await second.close()
}

/** Runs `act` on the machine, in simulated time, and keeps the medium as it is before each operation, and at the end. */
export async function record(machine: Machine, act: () => Promise<void>): Promise<Moment[]> {
  const { files } = machine
  const moments: Moment[] = []
  files.before = ({ kind, path }: Operation) => {
    moments.push(momentOf(machine, `${kind} ${path}`))
    return undefined
  }
  await inSimulatedTime(files, act)
  moments.push(momentOf(machine, 'the end'))
  files.before = () => undefined
  return moments
}

export function momentOf({ files, told }: Machine, operation: string): Moment {
  return {
    operation,
    files: files.image(),
    acknowledged: told.acknowledged.length,
    heads: told.heads.length,
  }
}

/** A millisecond passes with every turn of the event loop, as many as an operation takes: a run is the same whenever it is run. */
export async function inSimulatedTime<T>(files: SimulatedFiles, act: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
  files.turn = turn
  const state = { over: false }
  const acting = act().finally(() => {
    state.over = true
  })
  // Time passes also while nothing is done, for those who wait for it.
  acting.catch(() => undefined)
  try {
    while (!state.over) {
      await turn()
      vi.advanceTimersByTime(1)
    }
    return await acting
  } finally {
    vi.useRealTimers()
  }
}

/**
 * What may be found of `units`: nothing, everything, each of them alone, all but each, pages torn at each sector
 * border, and `random` mixtures. Every outcome once.
 */
export function outcomesOf(units: readonly Unit[], random: number, chance: () => number): readonly Fates[] {
  const all = units.map(() => WHOLE_PAGE)
  const none = units.map(() => 0)
  const found = new Map<string, Fates>()
  const add = (fates: Fates): void => void found.set(fates.join(), fates)
  add(none)
  add(all)
  for (const [i, unit] of units.entries()) {
    add(none.with(i, WHOLE_PAGE))
    add(all.with(i, 0))
    if (unit.kind === 'page') {
      // The first sectors, and all but the first.
      add(all.with(i, 0b0000_0001))
      add(all.with(i, 0b0000_1111))
      add(all.with(i, 0b1111_1110))
    }
  }
  for (let n = 0; n < random && units.length > 1; n += 1)
    add(units.map(() => (chance() < 0.4 ? 0 : chance() < 0.7 ? WHOLE_PAGE : Math.floor(chance() * 256))))
  return [...found.values()]
}

/** A medium to start on, and how much had been told when it came to be. */
export interface Case {
  readonly operation: string
  readonly files: SimulatedFiles
  readonly told: Told
  readonly acknowledged: number
  readonly heads: number
}

/** Every outcome of a cut at every moment; of media that are alike, the one of which most had been told. */
export class Cases {
  readonly #told: Told
  readonly #distinct = new Map<string, Case>()
  /** Crash points, and crash points × outcomes. */
  points = 0
  outcomes = 0

  constructor(told: Told) {
    this.#told = told
  }

  get distinct(): readonly Case[] {
    return [...this.#distinct.values()]
  }

  add(moments: readonly Moment[], random: number, chance: () => number): void {
    for (const moment of moments) {
      this.points += 1
      for (const fates of outcomesOf(moment.files.units(), random, chance)) {
        this.outcomes += 1
        this.found(moment, moment.files.afterCut(fates))
      }
    }
  }

  found({ operation, acknowledged, heads }: Moment, files: SimulatedFiles): void {
    const digest = files.digest()
    const known = this.#distinct.get(digest)
    if (known !== undefined && known.acknowledged >= acknowledged && known.heads >= heads) return
    this.#distinct.set(digest, { operation, files, told: this.#told, acknowledged, heads })
  }
}

/**
 * Starts on what was found. Every entry acknowledged stands at its index with its bytes, every root signed is the
 * root of its size, the log goes on, and afterwards not one byte is out of place. Answers with what is wrong.
 */
export async function judge(
  { files, told, acknowledged, heads }: Case,
  { under, signer }: Surroundings,
): Promise<string | undefined> {
  const after = new Told()
  let log: Log
  try {
    log = await start({ files, told: after, under, signer, signEveryMs: 0 })
  } catch (error) {
    return `it does not start: ${String(error)}`
  }
  const wrong = await used(log, { told, acknowledged, heads }, after).catch(
    (error: unknown) => `it cannot be read: ${String(error)}`,
  )
  const closed = await log.close().then(
    () => undefined,
    (error: unknown) => `it does not close: ${String(error)}`,
  )
  if (wrong !== undefined || closed !== undefined) return wrong ?? closed
  const { findings } = await verifyLog({
    disk: durableDisk(files, '/log'),
    vkey: VKEY,
    signer: durableDisk(files, signer.folder),
  })
  const [finding] = findings
  return finding && `${finding.file}: ${finding.what}`
}

/** Reads what was told, and goes on. */
async function used(
  log: Log,
  { told, acknowledged, heads }: Pick<Case, 'told' | 'acknowledged' | 'heads'>,
  after: Told,
): Promise<string | undefined> {
  const wrong = await kept(log, told, acknowledged, heads)
  if (wrong !== undefined) return wrong
  await append(log, after, { calls: 1, entries: 1, text: 10 })
  return after.acknowledged.length === 3 ? undefined : 'it does not go on'
}

async function kept(log: Log, told: Told, acknowledged: number, heads: number): Promise<string | undefined> {
  const frontier = new Frontier()
  const roots = [frontier.root().toString('hex')]
  const hashes: string[] = []
  for await (const { leafHash } of log.entries(0)) {
    hashes.push(leafHash.toString('hex'))
    frontier.append(leafHash)
    roots.push(frontier.root().toString('hex'))
  }
  for (const { index, leafHash } of told.acknowledged.slice(0, acknowledged))
    if (hashes[index] !== leafHash) return `entry ${index} was acknowledged and is not there`
  for (const { size, root } of told.heads.slice(0, heads))
    if (roots[size] !== root) return `the root of ${size} was signed and is another now`
  return undefined
}
