import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { verifyConsistency } from '../tree/consistency.ts'
import { decodeFrame } from '../segment/frame.ts'
import type { Entry, Log } from '../log.ts'
import { SNAPSHOT_FILE } from './snapshot.ts'
import { fill, KEYS, type Scratch, scratchLog, SEGMENT } from '../scratch-log.suite.ts'
import { segmentPath } from '../segment/segments.ts'

let scratch: Scratch

beforeEach(async () => {
  scratch = await scratchLog()
})
afterEach(() => scratch.remove())

const first = (): string => join(scratch.log, segmentPath(0))

/** Offsets at which the frames of a segment begin, and where the last one ends. */
function frameOffsets(bytes: Buffer): number[] {
  const offsets = [0]
  for (let frame = decodeFrame(bytes); frame !== undefined; frame = decodeFrame(bytes, frame.end))
    offsets.push(frame.end)
  return offsets
}

async function last(log: Log): Promise<Entry> {
  return log.read(log.length - 1)
}

describe('a start after a crash', () => {
  it('keeps every entry, records why, and goes on consistently', async () => {
    const log = await scratch.open()
    await fill(log, 50)
    await log.append([{ type: 'mark', src: 'control', data: {} }]).signed()
    const head = log.head()
    await scratch.crash(log)

    const again = await scratch.open()
    expect(again.length).toBe(53)
    expect(await last(again)).toMatchObject({
      type: 'ledger.recovered',
      outcome: 'no_clean_stop',
      data: { torn_bytes: 0 },
    })
    const proof = await again.consistency(head.size)
    expect(verifyConsistency(head.size, again.head().size, head.root, again.head().root, proof)).toBe(true)
    await fill(again, 10)
    await again.close()
    expect((await scratch.verify()).findings).toEqual([])
  })

  it('signs what was durable and not yet signed', async () => {
    const log = await scratch.open({ signEveryMs: 60_000 })
    await fill(log, 20)
    expect(log.head().size).toBe(1)
    await scratch.crash(log)
    const again = await scratch.open()
    expect(again.head().size).toBe(22)
    await again.close()
  })

  it('cuts a frame torn at any byte, and nothing before it', async () => {
    const log = await scratch.open({ signEveryMs: 60_000 })
    await fill(log, 3)
    await fill(log, 2)
    await scratch.crash(log)
    const whole = await readFile(first())
    const [, , begin = 0, end = 0] = frameOffsets(whole)
    expect(end).toBeGreaterThan(begin)
    await cp(scratch.folder, `${scratch.folder}-kept`, {
      recursive: true,
      filter: path => !path.endsWith('.tmp'),
    })
    for (let cut = begin + 1; cut < end; cut += 37) {
      const torn = Buffer.from(whole)
      torn.fill(0, cut, end)
      await writeFile(first(), torn)
      const again = await scratch.open()
      expect(again.length).toBe(5)
      expect(await last(again)).toMatchObject({ type: 'ledger.recovered', outcome: 'torn_tail' })
      expect((await last(again)).data['torn_bytes']).toBeGreaterThan(0)
      await again.close()
      expect((await scratch.verify()).findings).toEqual([])
      await rm(scratch.folder, { recursive: true })
      await cp(`${scratch.folder}-kept`, scratch.folder, {
        recursive: true,
        filter: path => !path.endsWith('.tmp'),
      })
    }
    await rm(`${scratch.folder}-kept`, { recursive: true })
  })

  it('cuts a frame of which only the later pages reached the disk', async () => {
    const log = await scratch.open({ signEveryMs: 60_000 })
    await fill(log, 3)
    await fill(log, 2)
    await scratch.crash(log)
    const bytes = await readFile(first())
    const [, , begin = 0, end = 0] = frameOffsets(bytes)
    bytes.fill(0, begin, begin + 200)
    await writeFile(first(), bytes)
    const again = await scratch.open()
    expect(again.length).toBe(5)
    expect((await last(again)).data['torn_bytes']).toBe(end - begin)
    await again.close()
  })

  it('takes up a segment whose preallocation was interrupted', async () => {
    const log = await scratch.open()
    await scratch.crash(log)
    await truncate(join(scratch.log, segmentPath(1)), 1000)
    const again = await scratch.open()
    await fill(again, 400)
    await again.close()
    expect((await scratch.verify()).findings).toEqual([])
  })

  it('opens with another segment size', async () => {
    const log = await scratch.open()
    await fill(log, 100)
    await log.close()
    for (const segmentBytes of [4 * SEGMENT, SEGMENT]) {
      const again = await scratch.open({ segmentBytes })
      await fill(again, 300)
      await again.close()
    }
    expect((await scratch.verify()).findings).toEqual([])
  })

  it('log time does not go back when the wall clock does', async () => {
    const log = await scratch.open()
    scratch.clock.wall += 60_000
    await fill(log, 1)
    await log.close()
    scratch.clock.wall -= 3_600_000
    const again = await scratch.open()
    const [entry] = again.append([{ type: 'x', src: 'control', t: 5, data: {} }]).entries
    expect(entry?.t).toBe(scratch.clock.wall + 3_600_000)
    await again.close()
  })
})

describe('a start refuses, and changes nothing', () => {
  async function refused(what: RegExp, facts: object): Promise<void> {
    const before = await readFile(first()).catch(() => undefined)
    await expect(scratch.open()).rejects.toMatchObject({
      code: 'ledger.damaged',
      message: expect.stringMatching(what),
      facts,
    })
    expect(await readFile(first()).catch(() => undefined)).toEqual(before)
  }

  it('a flipped byte before the last frame, naming file and index', async () => {
    const log = await scratch.open()
    await fill(log, 30)
    await log.close()
    const bytes = await readFile(first())
    const at = bytes.indexOf('"n":12}')
    bytes[at + 4] = 0x39
    await writeFile(first(), bytes)
    await rm(join(scratch.log, SNAPSHOT_FILE))
    await refused(/not intact/, { log: 'control', file: segmentPath(0), index: 11 })
  })

  it('a flipped byte in the last frame when a signature covers it', async () => {
    const log = await scratch.open()
    await fill(log, 10)
    await log.append([{ type: 'mark', src: 'control', data: {} }]).signed()
    await scratch.crash(log)
    const bytes = await readFile(first())
    bytes[bytes.indexOf('"type":"mark"') + 9] = 0x58
    await writeFile(first(), bytes)
    await refused(/not intact.*remembers 12 entries/, { file: segmentPath(0), index: 11 })
  })

  it('a flipped byte in the last frame after a clean stop, signed or not', async () => {
    const log = await scratch.open()
    await fill(log, 10)
    await log.close()
    await rm(scratch.signer, { recursive: true })
    await rm(join(scratch.log, 'checkpoint'))
    const bytes = await readFile(first())
    bytes[bytes.indexOf('"n":9}') + 4] = 0x58
    await writeFile(first(), bytes)
    await refused(/clean-stop remembers/, { file: segmentPath(0) })
  })

  it('an older copy of the folder', async () => {
    const log = await scratch.open()
    await fill(log, 10)
    await log.close()
    await cp(scratch.log, `${scratch.folder}/older`, {
      recursive: true,
      filter: path => !path.endsWith('.tmp'),
    })
    const next = await scratch.open()
    await fill(next, 10)
    await next.close()
    await rm(scratch.log, { recursive: true })
    await cp(`${scratch.folder}/older`, scratch.log, {
      recursive: true,
      filter: path => !path.endsWith('.tmp'),
    })
    await refused(/turned back: the signer remembers 21 entries, 11 are whole/, {
      file: segmentPath(0),
      index: 11,
    })
  })

  it('an empty folder although the signer remembers entries', async () => {
    const log = await scratch.open()
    await log.close()
    await rm(scratch.log, { recursive: true })
    await refused(/turned back/, { index: 0 })
  })

  it('a signer that lost its memory', async () => {
    const log = await scratch.open()
    await fill(log, 10)
    await log.close()
    await rm(scratch.signer, { recursive: true })
    await refused(/although the signer remembers none/, {})
  })

  it('another history of the same length', async () => {
    const log = await scratch.open()
    await fill(log, 10)
    await log.close()
    const other = await scratchLog()
    const forged = await other.open()
    await forged
      .append(Array.from({ length: 10 }, (_, i) => ({ type: 'forged', src: 'control', data: { i } })))
      .signed()
    await forged.close()
    await rm(scratch.log, { recursive: true })
    await cp(other.log, scratch.log, { recursive: true, filter: path => !path.endsWith('.tmp') })
    await other.remove()
    await refused(/another tree of 1 entries than the signer|another tree of 11 entries than the signer/, {
      file: segmentPath(0),
    })
  })

  it('an acknowledged tail that was cut off', async () => {
    const log = await scratch.open()
    await fill(log, 10)
    await log.append([{ type: 'action', src: 's_9', data: {} }]).signed()
    await scratch.crash(log)
    const bytes = await readFile(first())
    const offsets = frameOffsets(bytes)
    bytes.fill(0, offsets.at(-2))
    await writeFile(first(), bytes)
    await refused(/turned back/, { file: segmentPath(0), index: 11 })
  })

  it('a signer of another origin', async () => {
    await expect(scratch.open({ origin: 'log.example/other' })).rejects.toMatchObject({
      code: 'config.invalid',
    })
  })
})

describe('the derived files', () => {
  it('missing or damaged never change a proof, and are made again', async () => {
    const log = await scratch.open()
    await fill(log, 600)
    await log.close()
    const tile = join(scratch.log, 'tile/0/000')
    const whole = await readFile(tile)
    const damaged = Buffer.from(whole)
    damaged.fill(1, 320, 352)
    await writeFile(tile, damaged)
    await rm(join(scratch.log, 'tile/0/001'))
    await rm(join(scratch.log, 'tile/entries/001'))
    const bundle = await readFile(join(scratch.log, 'tile/entries/000'))
    await writeFile(join(scratch.log, 'tile/entries/000'), bundle.subarray(1))

    const again = await scratch.open()
    expect(await again.readTile('tile/0/000')).toEqual(whole)
    expect(await again.readTile('tile/0/000.p/10')).toEqual(whole.subarray(0, 320))
    expect(await again.readTile('tile/entries/000')).toEqual(bundle)
    expect(await again.readTile('tile/0/002.p/89')).toHaveLength(89 * 32)
    for (const beyond of ['tile/0/002.p/90', 'tile/0/003', 'tile/1/000', 'tile/entries/002', 'checkpoint']) {
      expect(await again.readTile(beyond), `${beyond} is beyond`).toBeUndefined()
    }
    expect(await again.payload(1, KEYS)).toEqual({ statement: 'select 0' })
    await again.repaired()
    await again.close()
    expect((await scratch.verify()).findings).toEqual([])
  })

  it('an entry damaged while the log runs is not given out', async () => {
    const log = await scratch.open()
    await fill(log, 30)
    const bytes = await readFile(first())
    const at = bytes.indexOf('"n":12}')
    bytes[at + 4] = 0x39
    await writeFile(first(), bytes)
    await expect(log.read(13)).rejects.toMatchObject({
      code: 'ledger.damaged',
      facts: { file: segmentPath(0), index: 13 },
    })
    await expect(log.read(12)).resolves.toMatchObject({ index: 12 })
    await log.close()
  })
})
