import { cpSync, rmSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../kernel/clock.ts'
import { nodeDisk } from '../store/file/node-disk.ts'
import type { Disk } from './disk.ts'
import { openLocalSigner } from './signer/local-signer.ts'
import type { KeyRing, Log, SealKey } from './log.ts'
import { noteSigner } from './note/note.ts'
import { type OpenLogOptions, openLog } from './open-log.ts'
import type { RunningLog } from './running-log.ts'
import { type Verified, verifyLog } from './verify/verify-log.ts'

export const ORIGIN = 'log.example/control'
export const SEED: Buffer = Buffer.alloc(32, 7)
export const VKEY: string = noteSigner(ORIGIN, SEED).vkey
export const KEY: SealKey = { name: 'subject/p_1', bytes: Buffer.alloc(32, 3) }
export const KEYS: KeyRing = { find: name => (name === KEY.name ? KEY : undefined) }
export const SEGMENT = 64 * 1024

/** A clock of its own for every test; `wall` may be set. */
export interface ScratchClock extends Clock {
  wall: number
}

export function scratchClock(): ScratchClock {
  const clock = {
    wall: 1_700_000_000_000,
    now: () => ({ wall: clock.wall, mono: Math.round(performance.now()), boot: 'boot-1' }),
  }
  return clock
}

/** A log in a temporary folder, on the real disk. */
export interface Scratch {
  readonly folder: string
  readonly log: string
  readonly signer: string
  readonly clock: ScratchClock
  readonly disk: Disk
  open(more?: Partial<OpenLogOptions>): Promise<RunningLog>
  verify(): Promise<Verified>
  /** Closes the log; what is found then are the files as they were when this was called, as a crash would leave them. */
  crash(log: Pick<Log, 'close'>): Promise<void>
  remove(): Promise<void>
}

export async function scratchLog(under: string = tmpdir()): Promise<Scratch> {
  const folder = await mkdtemp(join(under, 'bg-log-'))
  const log = join(folder, 'log')
  const signer = join(folder, 'signer')
  const clock = scratchClock()
  const disk = nodeDisk(log)
  return {
    folder,
    log,
    signer,
    clock,
    disk,
    async open(more = {}) {
      return openLog({
        name: 'control',
        origin: ORIGIN,
        // A start is a new process, whose disk knows nothing of the folder yet: tests put other folders in its place.
        disk: nodeDisk(log),
        signer: await openLocalSigner({ origin: ORIGIN, seed: SEED, disk: nodeDisk(signer) }),
        clock,
        segmentBytes: SEGMENT,
        publishEveryMs: 20,
        entryZero: { origin: ORIGIN },
        ...more,
      })
    },
    verify: () => verifyLog({ disk, vkey: VKEY, signer: nodeDisk(signer) }),
    async crash(running) {
      const copy = `${folder}-crash`
      copyOf(folder, copy)
      await running.close()
      await rm(folder, { recursive: true })
      await rename(copy, folder)
    },
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/** `count` entries of three sources, every fourth with a payload, in calls of ten. */
export async function fill(log: RunningLog, count: number): Promise<void> {
  for (let done = 0; done < count; done += 10) {
    const drafts = Array.from({ length: Math.min(10, count - done) }, (_, i) => ({
      type: 'action',
      src: `s_${(done + i) % 3}`,
      data: { n: done + i },
      ...(i % 4 === 0 ? { payload: { statement: `select ${done + i}` }, seal: KEY } : {}),
    }))
    await log.append(drafts).durable()
  }
}

/** In one turn, so only what is already asked of the disk still changes: files that are replaced meanwhile, whose place is tried again. */
function copyOf(folder: string, copy: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      return cpSync(folder, copy, { recursive: true, filter: path => !path.endsWith('.tmp') })
    } catch (cause) {
      if (attempt === 20 || (cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
      rmSync(copy, { recursive: true, force: true })
    }
  }
}
