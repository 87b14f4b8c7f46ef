import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeDisk } from '../../store/file/node-disk.ts'
import { openCheckpoint } from '../note/checkpoint.ts'
import { openLocalSigner } from './local-signer.ts'
import { noteSigner } from '../note/note.ts'
import { SLOT_BYTES } from './signer-memory.ts'

const ORIGIN = 'log.example/control'
const seed = Buffer.alloc(32, 7)
const root = (n: number): Buffer => Buffer.alloc(32, n)

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bg-signer-'))
})
afterEach(() => rm(folder, { recursive: true }))

const open = () => openLocalSigner({ origin: ORIGIN, seed, disk: nodeDisk(folder) })
const memory = (): string => join(folder, 'memory')

describe('the local signer', () => {
  it('signs growing heads and remembers the last over a restart', async () => {
    const signer = await open()
    expect(signer.last()).toBeUndefined()
    for (const size of [1, 2, 5]) {
      const note = await signer.sign(size, root(size))
      expect(openCheckpoint(note, noteSigner(ORIGIN, seed))).toEqual({
        origin: ORIGIN,
        size,
        root: root(size),
      })
    }
    await signer.close()
    const again = await open()
    expect(again.last()).toMatchObject({ size: 5, root: root(5) })
    await again.close()
  })

  it('refuses a smaller head, and another root of the same size; the same head gets the same note', async () => {
    const signer = await open()
    const note = await signer.sign(5, root(5))
    await expect(signer.sign(4, root(4))).rejects.toMatchObject({ code: 'ledger.damaged' })
    await expect(signer.sign(5, root(6))).rejects.toMatchObject({ code: 'ledger.damaged' })
    expect(await signer.sign(5, root(5))).toBe(note)
    expect(await signer.sign(6, root(6))).toContain('\n6\n')
    await signer.close()
  })

  it('signs one of two heads of one size that are asked for at once', async () => {
    const signer = await open()
    const asked = await Promise.allSettled([signer.sign(3, root(1)), signer.sign(3, root(2))])
    expect(asked.map(one => one.status)).toEqual(['fulfilled', 'rejected'])
    await signer.close()
  })

  it('holds on to the other slot when a crash tore the newest, and writes the torn one next', async () => {
    const signer = await open()
    await signer.sign(1, root(1))
    await signer.sign(2, root(2))
    await signer.close()
    const bytes = await readFile(memory())
    bytes.fill(0, SLOT_BYTES + 100)
    await writeFile(memory(), bytes)
    const again = await open()
    expect(again.last()?.size).toBe(1)
    await again.sign(3, root(3))
    await again.close()
    const third = await open()
    expect(third.last()?.size).toBe(3)
    await third.close()
  })

  it('does not start without any memory that can be read, nor with one of another key', async () => {
    const signer = await open()
    await signer.sign(1, root(1))
    await signer.sign(2, root(2))
    await signer.close()
    await expect(
      openLocalSigner({ origin: ORIGIN, seed: Buffer.alloc(32, 8), disk: nodeDisk(folder) }),
    ).rejects.toMatchObject({
      code: 'ledger.damaged',
    })
    await truncate(memory(), 10)
    await expect(open()).rejects.toMatchObject({ code: 'ledger.damaged' })
  })
})
