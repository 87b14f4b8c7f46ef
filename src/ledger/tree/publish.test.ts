import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Disk } from '../disk.ts'
import type { RunningLog } from '../running-log.ts'
import { ORIGIN, type Scratch, scratchClock, scratchLog, SEED } from '../scratch-log.suite.ts'
import { openLog } from '../open-log.ts'
import { openLocalSigner } from '../signer/local-signer.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import { PendingTiles } from './pending-tiles.ts'
import { TILE_BYTES, TILE_WIDTH, tilePath } from './tile-path.ts'

const TILES = 120

let scratch: Scratch
beforeEach(async () => {
  scratch = await scratchLog()
})
afterEach(() => scratch.remove())

/** A log on a disk that takes 60 ms for every derived file. */
async function openSlow(): Promise<RunningLog> {
  const disk = nodeDisk(scratch.log)
  const slow: Disk = {
    ...disk,
    async replace(path, bytes) {
      if (path.startsWith('tile/')) await new Promise(resolve => setTimeout(resolve, 60))
      await disk.replace(path, bytes)
    },
  }
  return openLog({
    name: 'control',
    origin: ORIGIN,
    disk: slow,
    signer: await openLocalSigner({ origin: ORIGIN, seed: SEED, disk: nodeDisk(scratch.signer) }),
    clock: scratchClock(),
    publishEveryMs: 20,
    entryZero: {},
  })
}

async function shown(): Promise<number> {
  return Number((await scratch.disk.read('checkpoint'))?.toString('utf8').split('\n')[1] ?? 0)
}

describe('a log that is written faster than its files', () => {
  it('stops in time, cleanly, and the next start goes on with the files where they ended', async () => {
    const log = await openSlow()
    const drafts = Array.from({ length: TILE_WIDTH }, (_, n) => ({ type: 'action', src: 's_1', data: { n } }))
    for (let tile = 0; tile < TILES; tile += 1) await log.append(drafts).durable()
    const size = log.length
    await log.close()
    expect(log.head().size).toBe(size)
    expect(await shown()).toBeLessThan(size)
    expect((await scratch.verify()).findings).toEqual([])

    const again = await scratch.open()
    expect(again.length).toBe(size)
    await expect.poll(shown).toBe(size)
    await again.close()
    const { findings, size: verified } = await scratch.verify()
    expect(findings).toEqual([])
    expect(verified).toBe(size)
  })
})

it('no more than 8 MiB of tiles of leaves wait in memory', () => {
  const pending = new PendingTiles()
  const bytes = Buffer.alloc(TILE_BYTES)
  for (let index = 0; index < 5000; index += 1) pending.add({ level: 0, index, width: TILE_WIDTH }, bytes)
  for (let index = 0; index < 20; index += 1) pending.add({ level: 1, index, width: TILE_WIDTH }, bytes)
  expect(pending.kept()).toHaveLength(1024 + 20)
  const first = tilePath({ level: 0, index: 0, width: TILE_WIDTH })
  expect(pending.get(first)).toBe(bytes)
  expect(pending.get(tilePath({ level: 0, index: 4999, width: TILE_WIDTH }))).toBeUndefined()
  pending.delete(first)
  expect(pending.get(first)).toBeUndefined()
})
