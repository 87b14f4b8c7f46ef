import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../kernel/bytes.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import { openCheckpoint } from '../note/checkpoint.ts'
import { openLocalSigner } from './local-signer.ts'
import { noteSigner } from '../note/note.ts'
import { consistencyProof } from '../tree/consistency.ts'
import { leafHash } from '../tree/merkle.ts'
import { naive, readerOf } from '../tree/naive-tree.suite.ts'
import { SLOT_BYTES } from './signer-memory.ts'

const ORIGIN = 'log.example/control'
const seed = Buffer.alloc(32, 7)
const leaves = (what: string): Buffer[] =>
  Array.from({ length: 8 }, (_, i) => leafHash(Buffer.from(`${what} ${i}`)))
const one = leaves('one')
const other = leaves('other')
const head = (size: number, tree = one) => ({ size, root: naive.root(tree.slice(0, size)) })
const prove =
  (size: number, tree = one) =>
  (from: number) =>
    consistencyProof(readerOf(tree.slice(0, size)), from, size)

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
      const note = await signer.sign(head(size), prove(size))
      expect(openCheckpoint(note, noteSigner(ORIGIN, seed))).toEqual({
        origin: ORIGIN,
        ...head(size),
      })
    }
    await signer.close()
    const again = await open()
    expect(again.last()).toMatchObject(head(5))
    await again.close()
  })

  it('refuses a smaller head, and another root of the same size; the same head gets the same note', async () => {
    const signer = await open()
    const note = await signer.sign(head(5), prove(5))
    await expect(signer.sign(head(4), prove(4))).rejects.toMatchObject({ code: 'ledger.damaged' })
    await expect(signer.sign(head(5, other), prove(5, other))).rejects.toMatchObject({
      code: 'ledger.damaged',
    })
    expect(await signer.sign(head(5), prove(5))).toBe(note)
    expect(await signer.sign(head(6), prove(6))).toContain('\n6\n')
    await signer.close()
  })

  it('refuses a larger head that does not extend what it signed, whatever proof comes with it', async () => {
    const signer = await open()
    await signer.sign(head(3), prove(3))
    const refused = { code: 'ledger.damaged' }
    await expect(signer.sign(head(5, other), prove(5, other))).rejects.toMatchObject(refused)
    await expect(signer.sign(head(5, other), prove(5))).rejects.toMatchObject(refused)
    await expect(signer.sign(head(5), () => Promise.resolve([]))).rejects.toMatchObject(refused)
    expect(signer.last()).toMatchObject(head(3))
    expect(await signer.sign(head(5), prove(5))).toContain('\n5\n')
    await signer.close()
  })

  it('gives the same code for the same bytes over a restart, and another for others', async () => {
    const signer = await open()
    const code = await signer.mac(sha256('what is kept'))
    expect(await signer.mac(sha256('what is kepT'))).not.toEqual(code)
    await signer.close()
    const again = await open()
    expect(await again.mac(sha256('what is kept'))).toEqual(code)
    await again.close()
  })

  it('signs one of two heads of one size that are asked for at once', async () => {
    const signer = await open()
    const asked = await Promise.allSettled([
      signer.sign(head(3), prove(3)),
      signer.sign(head(3, other), prove(3, other)),
    ])
    expect(asked.map(one => one.status)).toEqual(['fulfilled', 'rejected'])
    await signer.close()
  })

  it('holds on to the other slot when a crash tore the newest, and writes the torn one next', async () => {
    const signer = await open()
    await signer.sign(head(1), prove(1))
    await signer.sign(head(2), prove(2))
    await signer.close()
    const bytes = await readFile(memory())
    bytes.fill(0, SLOT_BYTES + 100)
    await writeFile(memory(), bytes)
    const again = await open()
    expect(again.last()?.size).toBe(1)
    await again.sign(head(3), prove(3))
    await again.close()
    const third = await open()
    expect(third.last()?.size).toBe(3)
    await third.close()
  })

  it('does not start without any memory that can be read, nor with one of another key', async () => {
    const signer = await open()
    await signer.sign(head(1), prove(1))
    await signer.sign(head(2), prove(2))
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
