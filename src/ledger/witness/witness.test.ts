import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../kernel/bytes.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import type { Disk } from '../disk.ts'
import { checkpointText, signCheckpoint } from '../note/checkpoint.ts'
import { cosignedAt, parseCosigner } from '../note/cosignature.ts'
import { noteSigner, signNote } from '../note/note.ts'
import { parseSignatureLine } from '../note/split-note.ts'
import { EMPTY_ROOT, leafHash } from '../tree/merkle.ts'
import { naive } from '../tree/naive-tree.suite.ts'
import { encodeAddCheckpoint, parseAddCheckpoint } from './add-checkpoint.ts'
import { openWitness, type Witness } from './witness.ts'

const ORIGIN = 'log.example/control'
const log = noteSigner(ORIGIN, Buffer.alloc(32, 1))
const nextKey = noteSigner(ORIGIN, Buffer.alloc(32, 2))
const SEED = Buffer.alloc(32, 5)
const NOW = 1_700_000_000

const tree = (what: string): Buffer[] =>
  Array.from({ length: 24 }, (_, i) => leafHash(Buffer.from(`${what} ${i}`)))
const one = tree('one')
// Begins like the first and then goes another way: what a forked log looks like.
const fork = [...one.slice(0, 6), ...tree('fork').slice(6)]

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bg-witness-'))
})
afterEach(() => rm(folder, { recursive: true }))

const open = (disk: (name: string) => Disk = name => nodeDisk(join(folder, name)), logs = [log, nextKey]) =>
  openWitness({ name: 'witness.example/w1', seed: SEED, logs, disk, now: () => NOW })

const request = (old: number, size: number, leaves = one, signer = log): string =>
  encodeAddCheckpoint({
    old,
    proof: old === 0 || old >= size ? [] : naive.subproof(old, leaves.slice(0, size), true),
    checkpoint: signCheckpoint(size, naive.root(leaves.slice(0, size)), signer),
  })
const answered = async (witness: Witness, body: string): Promise<[number, string]> => {
  const { status, body: text } = await witness.add(body)
  return [status, text]
}

describe('a witness (c2sp.org/tlog-witness)', () => {
  it('cosigns what it can follow, the text as it stands, at its own time', async () => {
    const witness = await open()
    for (const [old, size] of [
      [0, 5],
      [5, 5],
      [5, 13],
    ] as const) {
      const { status, body } = await witness.add(request(old, size))
      expect(status).toBe(200)
      const signature = parseSignatureLine(body.trimEnd())
      const cosigner = parseCosigner(witness.vkey)
      const text = checkpointText({ origin: ORIGIN, size, root: naive.root(one.slice(0, size)) })
      expect(signature && cosigner && cosignedAt(text, signature, cosigner)).toBe(NOW)
      expect(body.endsWith('\n')).toBe(true)
    }
    expect(witness.heads()).toEqual([{ origin: ORIGIN, size: 13, cosignedAt: NOW }])
    await witness.close()
  })

  const empty = encodeAddCheckpoint({ old: 0, proof: [], checkpoint: signCheckpoint(0, EMPTY_ROOT, log) })
  const stranger = noteSigner('log.example/other', Buffer.alloc(32, 1))
  const thief = noteSigner(ORIGIN, Buffer.alloc(32, 9))
  const extended = (text: string): string =>
    encodeAddCheckpoint({
      old: 5,
      proof: naive.subproof(5, one.slice(0, 9), true),
      checkpoint: signNote(text, log),
    })
  const nine = checkpointText({ origin: ORIGIN, size: 9, root: naive.root(one.slice(0, 9)) })
  // After a head of 5 was cosigned.
  it.each<[what: string, body: string, status: number, text: RegExp]>([
    ['the next head', request(5, 9), 200, /^— witness\.example\/w1 /],
    ['the same head again', request(5, 5), 200, /^— /],
    ['a head signed by the next key of the log', request(5, 9, one, nextKey), 200, /^— /],
    ['a head with extension lines', extended(`${nine}extension\n`), 200, /^— /],
    ['nothing', '', 400, /not an add-checkpoint/],
    ['a body without old size', request(5, 9).slice('old 5\n'.length), 400, /not an/],
    ['an old size with a leading zero', request(5, 9).replace('old 5', 'old 05'), 400, /not an/],
    ['a negative old size', request(5, 9).replace('old 5', 'old -5'), 400, /not an/],
    ['a line that is no hash', request(5, 9).replace('old 5\n', 'old 5\nx\n'), 400, /not an/],
    [
      '64 proof lines',
      request(5, 9).replace('old 5\n', `old 5\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}`),
      400,
      /not an/,
    ],
    ['a checkpoint that is cut', request(5, 9).slice(0, -20), 400, /not an/],
    [
      'a note that is no checkpoint',
      encodeAddCheckpoint({ old: 5, proof: [], checkpoint: signNote('hello\n', log) }),
      400,
      /not an/,
    ],
    ['an empty extension line', extended(`${nine}\nx\n`), 400, /not an/],
    ['Windows line ends', request(5, 9).replaceAll('\n', '\r\n'), 400, /not an/],
    ['an old size above that of the checkpoint', request(9, 5), 400, /above/],
    ['a log it does not follow', request(5, 9, one, stranger), 404, /not followed/],
    ['a head by a stolen name', request(5, 9, one, thief), 403, /no key/],
    ['a head whose size was changed', request(5, 9).replace('\n9\n', '\n10\n'), 403, /no key/],
    ['an older start', request(0, 9), 409, /^5\n$/],
    ['another start', request(4, 9), 409, /^5\n$/],
    ['the question for its size', empty, 409, /^5\n$/],
    ['a fork of the same size', request(5, 5, tree('other')), 409, /^5\n$/],
    ['a fork that goes on', request(5, 9, tree('other')), 422, /does not lead/],
    [
      'a head without proof',
      encodeAddCheckpoint({
        old: 5,
        proof: [],
        checkpoint: signCheckpoint(9, naive.root(one.slice(0, 9)), log),
      }),
      422,
      /does not lead/,
    ],
    [
      'the same head with a proof',
      encodeAddCheckpoint({
        old: 5,
        proof: [EMPTY_ROOT],
        checkpoint: signCheckpoint(5, naive.root(one.slice(0, 5)), log),
      }),
      422,
      /no proof/,
    ],
  ])('requirement 19: answers %s as specified', async (_, body, status, text) => {
    const witness = await open()
    expect((await answered(witness, request(0, 5)))[0]).toBe(200)
    const answer = await witness.add(body)
    expect([answer.status, answer.body]).toEqual([status, expect.stringMatching(text)])
    // What was refused has left no trace.
    if (status !== 200) expect(witness.heads()[0]?.size).toBe(5)
    expect(answer.suspicious ?? false).toBe(status === 422 || body === request(5, 5, tree('other')))
    await witness.close()
  })

  it('has not cosigned before: everything starts at 0, and the empty tree has one root', async () => {
    const witness = await open()
    expect(await answered(witness, request(3, 5))).toEqual([409, '0\n'])
    expect((await witness.add(empty)).status).toBe(200)
    const wrong = encodeAddCheckpoint({
      old: 0,
      proof: [],
      checkpoint: signCheckpoint(0, Buffer.alloc(32), log),
    })
    expect(await witness.add(wrong)).toMatchObject({ status: 409, suspicious: true })
    const proof = encodeAddCheckpoint({
      old: 0,
      proof: [EMPTY_ROOT],
      checkpoint: signCheckpoint(5, naive.root(one.slice(0, 5)), log),
    })
    expect((await witness.add(proof)).status).toBe(422)
    await witness.close()
  })

  it('remembers over a restart, and a fork is refused then too', async () => {
    const witness = await open()
    await witness.add(request(0, 5))
    await witness.add(request(5, 9))
    await witness.close()
    const again = await open()
    expect(await answered(again, request(0, 9))).toEqual([409, '9\n'])
    expect((await again.add(request(9, 9, fork))).status).toBe(409)
    expect((await again.add(request(9, 12, fork))).status).toBe(422)
    expect((await again.add(request(9, 12))).status).toBe(200)
    await again.close()
  })

  it('holds on to the slot before when the newest is torn; a memory that nobody can read, or of another witness, stops it', async () => {
    const witness = await open()
    await witness.add(request(0, 5))
    await witness.add(request(5, 9))
    await witness.close()
    const file = join(folder, sha256Hex(ORIGIN), 'memory')
    const bytes = await readFile(file)
    await writeFile(file, Buffer.from(bytes).fill(0xff, 4096 + 20, 4096 + 60))
    const again = await open()
    expect(again.heads()[0]?.size).toBe(5)
    await again.close()
    const other = openWitness({
      name: 'w',
      seed: Buffer.alloc(32, 6),
      logs: [log],
      disk: name => nodeDisk(join(folder, name)),
      now: () => NOW,
    })
    await expect(other).rejects.toMatchObject({ code: 'ledger.damaged' })
    await writeFile(file, Buffer.alloc(8192, 1))
    await expect(open()).rejects.toMatchObject({ code: 'ledger.damaged' })
    const long = noteSigner('x'.repeat(4090), SEED)
    await expect(open(undefined, [long])).rejects.toThrow(TypeError)
  })

  it('cosigns nothing that it could not remember, then or later', async () => {
    let broken = false
    const disk = (name: string): Disk => {
      const real = nodeDisk(join(folder, name))
      return {
        ...real,
        async open(path) {
          const file = await real.open(path)
          return Object.assign(Object.create(file) as typeof file, {
            write: (at: number, bytes: Uint8Array) => file.write(at, bytes),
            sync: () => (broken ? Promise.reject(new Error('EIO')) : file.sync()),
            close: () => file.close(),
          })
        },
      }
    }
    const witness = await open(disk)
    expect((await witness.add(request(0, 5))).status).toBe(200)
    broken = true
    await expect(witness.add(request(5, 9))).rejects.toThrow('EIO')
    broken = false
    await expect(witness.add(request(5, 9))).rejects.toThrow('EIO')
    expect(witness.heads()[0]?.size).toBe(5)
    await witness.close()
  })
})

describe('the request', () => {
  it('is read back as it was written, and the example of the specification reads', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes))
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.array(hash, { maxLength: 63 }), (old, proof) => {
        const written = { old, proof, checkpoint: signCheckpoint(9, EMPTY_ROOT, log) }
        expect(parseAddCheckpoint(encodeAddCheckpoint(written))).toEqual(written)
      }),
      { numRuns: 30 },
    )
    const example =
      'old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\nexample.com/behind-the-sofa\n20852163\n'
    expect(parseAddCheckpoint(example)).toMatchObject({ old: 20_852_014, proof: { length: 2 } })
  })
})

describe('a witness under every order of requests', () => {
  it('never cosigns two histories, nor a smaller head after a larger one; a naive model says the same', async () => {
    const asked = fc.record({ old: fc.nat(14), size: fc.nat(14), other: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(asked, { maxLength: 12 }), fc.boolean(), async (list, atOnce) => {
        const under = await mkdtemp(join(folder, 'run-'))
        const witness = await open(name => nodeDisk(join(under, name)))
        const bodies = list.map(({ old, size, other }) => request(old, size, other ? fork : one))
        const answers = atOnce
          ? await Promise.all(bodies.map(body => witness.add(body)))
          : await bodies.reduce<Promise<{ status: number; body: string }[]>>(
              async (done, body) => [...(await done), await witness.add(body)],
              Promise.resolve([]),
            )
        // The model keeps the whole history of what was cosigned and compares prefixes leaf by leaf.
        let cosigned: Buffer[] = []
        for (const [i, { old, size, other }] of list.entries()) {
          const leaves = (other ? fork : one).slice(0, size)
          const extends_ = cosigned.every((leaf, at) => leaves[at]?.equals(leaf))
          const expected =
            old > size
              ? 400
              : old !== cosigned.length
                ? 409
                : old === size && !extends_
                  ? 409
                  : extends_
                    ? 200
                    : 422
          expect(answers[i]?.status, JSON.stringify(list.slice(0, i + 1))).toBe(expected)
          if (expected === 200) cosigned = leaves
        }
        expect(witness.heads()[0]?.size).toBe(cosigned.length)
        await witness.close()
      }),
      { numRuns: 40 },
    )
  })
})
