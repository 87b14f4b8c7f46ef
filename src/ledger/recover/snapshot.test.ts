import { sha256 } from '../../kernel/bytes.ts'
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../kernel/faults.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import type { Disk } from '../disk.ts'
import { noteSigner } from '../note/note.ts'
import type { RunningLog } from '../running-log.ts'
import { fill, KEYS, ORIGIN, type Scratch, scratchLog, SEED } from '../scratch-log.suite.ts'
import { segmentPath } from '../segment/segments.ts'
import { openLocalSigner } from '../signer/local-signer.ts'
import { leafHash } from '../tree/merkle.ts'
import { Tree } from '../tree/tree.ts'
import { recover, type Recovered } from './recover.ts'
import { decodeSnapshot, encodeSnapshot, SNAPSHOT_FILE } from './snapshot.ts'

let scratch: Scratch

beforeEach(async () => {
  scratch = await scratchLog()
})
afterEach(() => scratch.remove())

const at = (path: string): string => join(scratch.log, path)

/** What a start would find, without starting. */
async function found(disk: Disk = scratch.disk): Promise<Recovered> {
  const signer = await openLocalSigner({ origin: ORIGIN, seed: SEED, disk: nodeDisk(scratch.signer) })
  try {
    return await recover({
      log: 'control',
      origin: ORIGIN,
      disk,
      keys: [noteSigner(ORIGIN, SEED)],
      signer,
      onFull: () => undefined,
    })
  } finally {
    await signer.close()
  }
}

/** What two starts have to agree on. */
function derived({ tree, places, chains, segments, lastTime, lastFrame, epoch }: Recovered) {
  const sources = chains.durable().sort(([a], [b]) => (a < b ? -1 : 1))
  const edges = tree.edges()
  return {
    ...{ size: tree.size, root: tree.root(), edges, firsts: places.firsts, length: places.length },
    ...{ sources, segments, lastTime, lastFrame, epoch },
  }
}

async function everything(log: RunningLog): Promise<Buffer[]> {
  const hashes: Buffer[] = []
  for await (const entry of log.entries(0)) hashes.push(entry.leafHash)
  return hashes
}

describe('a start from a snapshot', () => {
  it('knows what reading everything would have found, at every size', async () => {
    for (const count of [1, 9, 260, 700]) {
      const log = await scratch.open()
      await fill(log, count)
      await log.close()
      const quick = await found()
      expect(quick.unread).toBe(log.head().size)
      expect(quick.cause).toBeUndefined()
      const snapshot = await readFile(at(SNAPSHOT_FILE))
      await rm(at(SNAPSHOT_FILE))
      const slow = await found()
      expect(slow.unread).toBe(0)
      expect(derived(quick)).toEqual(derived(slow))
      await writeFile(at(SNAPSHOT_FILE), snapshot)
    }
    const log = await scratch.open()
    const hashes = await everything(log)
    expect(hashes).toHaveLength(log.length)
    for (const index of [0, 1, 300, 699, log.length - 1])
      expect((await log.read(index)).leafHash).toEqual(hashes[index])
    expect(await log.payload(1, KEYS)).toEqual({ statement: 'select 0' })
    await log.repaired()
    await log.close()
    expect((await scratch.verify()).findings).toEqual([])
  })

  it('reads only the frames behind it after a crash, and says how many it did not', async () => {
    const log = await scratch.open({ publishEveryMs: 60_000 })
    await fill(log, 700)
    await scratch.crash(log)

    const again = await scratch.open()
    expect(again.length).toBe(702)
    const { type, data } = await again.read(701)
    expect(type).toBe('ledger.recovered')
    expect(data['unread']).toBeGreaterThan(100)
    expect(data['unread']).toBeLessThan(700)
    await again.repaired()
    await fill(again, 30)
    await again.close()
    expect((await scratch.verify()).findings).toEqual([])
  })

  it('goes back to reading everything when any byte of it is another', async () => {
    const log = await scratch.open()
    await fill(log, 40)
    await log.close()
    const whole = await readFile(at(SNAPSHOT_FILE))
    const right = derived(await found())
    for (let byte = 0; byte < whole.length; byte += 29) {
      const changed = Buffer.from(whole)
      changed[byte] = (changed[byte] ?? 0) ^ 1
      await writeFile(at(SNAPSHOT_FILE), changed)
      const recovered = await found()
      expect({ unread: recovered.unread, cause: recovered.cause }).toEqual({
        unread: 0,
        cause: 'bad_snapshot',
      })
      expect(derived(recovered)).toEqual(right)
    }
    for (const cut of [0, 1, whole.length - 1]) {
      await writeFile(at(SNAPSHOT_FILE), whole.subarray(0, cut))
      expect((await found()).cause).toBe('bad_snapshot')
    }
    const again = await scratch.open()
    expect(await again.read(again.length - 1)).toMatchObject({
      type: 'ledger.recovered',
      outcome: 'bad_snapshot',
    })
    await again.close()
  })

  it.each([
    ['under the key of another signer', ORIGIN, Buffer.alloc(32, 9)],
    ['of another log of the same owner', 'log.example/sessions', SEED],
  ])('does not believe a snapshot made %s', async (_what, origin, seed) => {
    const log = await scratch.open()
    await fill(log, 40)
    await log.close()
    const { snapshot } = decodeSnapshot(await readFile(at(SNAPSHOT_FILE))) ?? {}
    if (snapshot === undefined) throw new Error('there is no snapshot')
    const stranger = await openLocalSigner({ origin, seed, disk: nodeDisk(join(scratch.folder, 'stranger')) })
    const forged = { ...snapshot, time: 1 }
    await writeFile(at(SNAPSHOT_FILE), await encodeSnapshot(forged, bytes => stranger.mac(sha256(bytes))))
    await stranger.close()
    expect((await found()).cause).toBe('bad_snapshot')
  })

  it('takes an older one of its own, and reads on from there', async () => {
    const log = await scratch.open()
    await fill(log, 40)
    await log.close()
    const older = await readFile(at(SNAPSHOT_FILE))
    const next = await scratch.open()
    await fill(next, 500)
    await next.close()
    const right = derived(await found())
    await writeFile(at(SNAPSHOT_FILE), older)
    const recovered = await found()
    expect(recovered.unread).toBe(41)
    expect(derived(recovered)).toEqual(right)
  })

  it('holds over lives in which nothing was written', async () => {
    const log = await scratch.open()
    await fill(log, 40)
    await log.close()
    for (let life = 0; life < 3; life += 1) {
      const idle = await scratch.open()
      expect(idle.length).toBe(41)
      await idle.close()
      const { unread, cause } = await found()
      expect({ unread, cause }).toEqual({ unread: 41, cause: undefined })
    }
  })

  it('still halts when the log was turned back to it', async () => {
    const log = await scratch.open()
    await fill(log, 40)
    await log.close()
    await cp(scratch.log, join(scratch.folder, 'older'), { recursive: true })
    const next = await scratch.open()
    await fill(next, 40)
    await next.close()
    await rm(scratch.log, { recursive: true })
    await cp(join(scratch.folder, 'older'), scratch.log, { recursive: true })
    await expect(found()).rejects.toMatchObject({
      code: 'ledger.damaged',
      message: expect.stringMatching(/turned back: the signer remembers 81 entries, 41 are whole/),
    })
  })

  it('halts when a checkpoint of fewer entries is not of this log', async () => {
    const log = await scratch.open()
    await fill(log, 40)
    await log.close()
    const { checkpoint } = await forgedHead(20)
    await writeFile(at('checkpoint'), checkpoint)
    await expect(scratch.open()).rejects.toMatchObject({
      code: 'ledger.damaged',
      message: expect.stringMatching(/another tree of 20 entries than checkpoint remembers/),
    })
  })

  it.each([
    ['a segment is missing', () => rm(at(segmentPath(0)))],
    ['its last frame is cut', () => truncate(at(segmentPath(1)), 100)],
  ])('when %s it reads everything and names the file', async (_what, harm) => {
    const log = await scratch.open()
    await fill(log, 300)
    await log.close()
    await harm()
    await expect(scratch.open()).rejects.toMatchObject({
      code: 'ledger.damaged',
      facts: { file: expect.stringMatching(/^segments\//) },
    })
  })
})

/** A checkpoint of another tree of `size`, signed with the right key, as only a stolen key could make it. */
async function forgedHead(size: number): Promise<{ checkpoint: string }> {
  const disk = nodeDisk(join(scratch.folder, 'thief'))
  const signer = await openLocalSigner({ origin: ORIGIN, seed: SEED, disk })
  const checkpoint = await signer.sign({ size, root: Buffer.alloc(32, 1) }, () => Promise.resolve([]))
  await signer.close()
  return { checkpoint }
}

describe('behind a start from a snapshot', () => {
  it.each([
    ['an entry', '"n":12}', 4],
    ['a sealed payload', 'subject/p_1', 60],
  ])('%s that is another is found, and stops the log with file and index', async (_what, near, offset) => {
    const log = await scratch.open()
    await fill(log, 300)
    await log.close()
    const bytes = await readFile(at(segmentPath(0)))
    const place = bytes.indexOf(near) + offset
    bytes[place] = (bytes[place] ?? 0) ^ 1
    await writeFile(at(segmentPath(0)), bytes)

    const again = await scratch.open()
    expect(await again.repaired()).toEqual([])
    const told: (Fault | undefined)[] = []
    again.onTrouble((trouble, why) => {
      expect(trouble).toBe('failed')
      told.push(why)
    })
    expect(told).toEqual([
      expect.objectContaining({
        code: 'ledger.failed',
        message: expect.stringMatching(/is damaged in segments\/00000000.seg/),
        facts: { log: 'control', file: segmentPath(0), index: expect.any(Number) },
      }),
    ])
    expect(() => again.append([{ type: 'x', src: 'control', data: {} }])).toThrow(
      expect.objectContaining({ code: 'ledger.failed' }),
    )
    await again.close()
    expect(await nodeDisk(scratch.log).read('clean-stop')).toBeUndefined()
  })

  it('reading in order stops at the entry that is another', async () => {
    const log = await scratch.open()
    await fill(log, 300)
    await log.close()
    const bytes = await readFile(at(segmentPath(0)))
    bytes[bytes.indexOf('"n":12}') + 4] = 0x39
    await writeFile(at(segmentPath(0)), bytes)
    const again = await scratch.open()
    let read = 0
    await expect(
      (async () => {
        for await (const { index } of again.entries(0)) {
          expect(index).toBe(read)
          read += 1
        }
      })(),
    ).rejects.toMatchObject({ code: 'ledger.damaged', facts: { file: segmentPath(0), index: 13 } })
    expect(read).toBe(13)
    await again.close()
  })
})

describe('a tree taken up again', () => {
  it('grows as the one it was', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 0, max: 700 }), (before, after) => {
        const whole: string[] = []
        const parted: string[] = []
        const tree = new Tree(tile => whole.push(`${tile.level}/${tile.index}`))
        for (let i = 0; i < before; i += 1) tree.append(leafHash(Buffer.from(`${i}`)))
        parted.push(...whole)
        const again = new Tree(tile => parted.push(`${tile.level}/${tile.index}`), before, tree.edges())
        for (let i = 0; i < after; i += 1) {
          tree.append(leafHash(Buffer.from(`n${i}`)))
          again.append(leafHash(Buffer.from(`n${i}`)))
        }
        expect(again.root()).toEqual(tree.root())
        expect(again.edges()).toEqual(tree.edges())
        expect(parted).toEqual(whole)
      }),
      { numRuns: 40 },
    )
  })

  it('is refused edges that no tree of its size has', () => {
    expect(() => new Tree(() => undefined, 300, [Buffer.alloc(32)])).toThrow(RangeError)
    expect(() => new Tree(() => undefined, 3, [])).toThrow(RangeError)
  })
})
