import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../../src/kernel/bytes.ts'
import type { Clock } from '../../src/kernel/clock.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/open-journal.ts'
import type { Slice } from '../../src/journal/slice.ts'
import { openLocalSigner } from '../../src/ledger/signer/local-signer.ts'
import type { SealKey } from '../../src/ledger/log.ts'
import { openLog } from '../../src/ledger/open-log.ts'
import { nodeDisk } from '../../src/store/file/node-disk.ts'

const ORIGIN = 'test.example/control'

export interface RealJournal {
  readonly journal: Journal
  close(): Promise<void>
}

export const realClock: Clock = { now: () => ({ wall: Date.now(), mono: performance.now(), boot: 'test' }) }

/** A journal on a real, signed log in `folder`. Keys follow from their names, so that a second process finds them again. */
export async function openRealJournal(
  folder: string,
  slices: readonly Slice<unknown>[],
  clock: Clock = realClock,
): Promise<RealJournal> {
  const signer = await openLocalSigner({
    origin: ORIGIN,
    seed: Buffer.alloc(32, 7),
    disk: nodeDisk(join(folder, 'signer')),
  })
  const log = await openLog({
    name: 'control',
    origin: ORIGIN,
    disk: nodeDisk(join(folder, 'log')),
    signer,
    clock,
    segmentBytes: 256 * 1024,
    entryZero: { origin: ORIGIN },
  })
  const key = (name: string): SealKey => ({ name, bytes: sha256('test key ', name) })
  const keys = { find: key, obtain: (name: string) => Promise.resolve(key(name)) }
  const journal = await openJournal({ log, keys, clock, slices: slices })
  return { journal, close: () => log.close() }
}

export async function temporaryFolder(name: string): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `bg-${name}-`))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
