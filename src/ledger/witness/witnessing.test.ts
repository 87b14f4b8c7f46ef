import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nodeDisk } from '../../store/file/node-disk.ts'
import type { Head } from '../log.ts'
import { signCheckpoint } from '../note/checkpoint.ts'
import { cosignerKey } from '../note/cosignature.ts'
import { noteSigner } from '../note/note.ts'
import { consistencyProof } from '../tree/consistency.ts'
import { leafHash } from '../tree/merkle.ts'
import { naive, readerOf } from '../tree/naive-tree.suite.ts'
import { parsePolicy, type Policy } from '../trust/policy.ts'
import { trustCheckpoint } from '../trust/trusted-checkpoint.ts'
import type { Answer, Post } from './http-post.ts'
import { type Cosigned, requestCosignature } from './request-cosignature.ts'
import { openWitness, type Witness } from './witness.ts'
import { type WitnessedHead, Witnessing } from './witnessing.ts'

const signer = noteSigner('log.example/control', Buffer.alloc(32, 1))
const leavesOf = (what: string): Buffer[] =>
  Array.from({ length: 40 }, (_, i) => leafHash(Buffer.from(`${what} ${i}`)))
const one = leavesOf('one')
const fork = [...one.slice(0, 6), ...leavesOf('fork').slice(6)]
const headOf = (size: number, leaves = one): Head => {
  const root = naive.root(leaves.slice(0, size))
  return { size, root, checkpoint: signCheckpoint(size, root, signer) }
}
const proverOf =
  (leaves = one) =>
  (from: number, to: number) =>
    consistencyProof(readerOf(leaves.slice(0, to)), from, to)

const NAMES = ['w1', 'w2', 'w3'] as const
const KEYS = NAMES.map((name, i) => cosignerKey(`${name}.example`, Buffer.alloc(32, 60 + i)))
const policy = ((): Policy => {
  const lines = KEYS.map((key, i) => `witness w${i + 1} ${key.vkey} http://w${i + 1}.example/`)
  const text = [`log ${signer.vkey}`, ...lines, 'group two 2 w1 w2 w3', 'quorum two']
  const parsed = parsePolicy(Buffer.from(text.map(line => `${line}\n`).join('')))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy
})()

let folder: string
let witnesses: Witness[]
let seconds: number
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bg-witnessing-'))
  seconds = 1_700_000_000
  witnesses = await Promise.all(
    NAMES.map((name, i) =>
      openWitness({
        name: `${name}.example`,
        seed: Buffer.alloc(32, 60 + i),
        logs: [signer],
        disk: of => nodeDisk(join(folder, name, of)),
        now: () => seconds,
      }),
    ),
  )
})
afterEach(async () => {
  for (const witness of witnesses) await witness.close()
  await rm(folder, { recursive: true })
})

/** The real witnesses behind their addresses; `spoil` may answer, or fail, in the place of one. */
const postTo =
  (
    spoil: (name: string, body: string) => Promise<Answer | undefined> | Answer | undefined = () => undefined,
  ): Post =>
  async (url, body) => {
    const name = new URL(url).hostname.split('.')[0] ?? ''
    expect(url).toBe(`http://${name}.example/add-checkpoint`)
    const spoilt = await spoil(name, String(body))
    if (spoilt !== undefined) return spoilt
    const answer = await witnesses[NAMES.indexOf(name as 'w1')]?.add(String(body))
    return said(answer?.status ?? 500, answer?.body ?? '')
  }
const said = (status: number, body: string): Answer => ({
  status,
  type: 'text/plain',
  body: Buffer.from(body),
})
const [first] = policy.witnesses
if (first === undefined) throw new Error('no witness')

describe('asking one witness', () => {
  const ask = (post: Post, known = 0, head = headOf(9), leaves = one) =>
    requestCosignature({ witness: first, head, known, post, prove: proverOf(leaves) })

  it('brings its line; a 409 is answered by starting from the size it names', async () => {
    expect(await ask(postTo(), 5)).toMatchObject({ known: 9, answer: { is: 'cosigned', seconds } })
    await witnesses[0]?.add('')
    expect(await ask(postTo(), 0, headOf(13))).toMatchObject({ known: 13, answer: { is: 'cosigned' } })
  })

  it('finds the log forked, turned back, or of another history', async () => {
    await ask(postTo(), 0, headOf(9))
    const forked = await ask(postTo(), 9, headOf(9, fork), fork)
    expect(forked.answer).toMatchObject({
      is: 'contradicted',
      said: 9,
      what: expect.stringContaining('another tree'),
    })
    expect((await ask(postTo(), 9, headOf(12, fork), fork)).answer).toMatchObject({
      is: 'contradicted',
      said: 9,
    })
    expect((await ask(postTo(), 9, headOf(4))).answer).toMatchObject({
      is: 'contradicted',
      said: 9,
      what: expect.stringContaining('which has 4'),
    })
  })

  const own = KEYS[0]?.vkey.split('+')[0] ?? ''
  it.each<[what: string, answer: () => Answer | Promise<Answer>, why: RegExp]>([
    ['garbage', () => said(200, 'garbage'), /without a cosignature/],
    ['nothing', () => said(200, ''), /without a cosignature/],
    [
      'a signature of zeros',
      () =>
        said(
          200,
          `— ${own} ${Buffer.concat([KEYS[0]?.keyId ?? Buffer.of(), Buffer.alloc(72)]).toString('base64')}\n`,
        ),
      /without a cosignature/,
    ],
    ['404 and a page', () => said(404, `<html>${'x'.repeat(10_000)}`), /^it answers 404: .{1,130}$/],
    ['403', () => said(403, 'no key\nof this log\n'), /403: "no key"/],
    ['409 without a size', () => said(409, 'conflict'), /without the size/],
    ['409 with a size of another form', () => said(409, '09\n'), /without the size/],
    ['409 with the very size it was asked from', () => said(409, '0\n'), /the size it asks for/],
    ['500', () => said(500, ''), /500/],
    ['nobody', () => Promise.reject(new Error('ECONNREFUSED')), /ECONNREFUSED/],
  ])('says what is wrong when it answers %s', async (_, answer, why) => {
    const asked = await ask(() => Promise.resolve(answer()))
    expect(asked.answer).toMatchObject({ is: 'failed', why: expect.stringMatching(why) })
  })

  it('gives up on one that names another size each time', async () => {
    let size = 0
    const asked = await ask(() => Promise.resolve(said(409, `${(size += 1)}\n`)))
    expect(asked.answer).toMatchObject({ is: 'failed', why: expect.stringContaining('each time') })
    expect(size).toBe(3)
  })

  it('passes over what others sign, and takes its own', async () => {
    const spoilt = postTo(async (name, body) => {
      const answer = await witnesses[0]?.add(body)
      return said(200, `— other.example ${Buffer.alloc(80).toString('base64')}\nnonsense\n${answer?.body}`)
    })
    expect((await ask(spoilt)).answer.is).toBe('cosigned')
  })
})

describe('witnessing a log', () => {
  let head = headOf(5)
  const clock = {
    now: () => ({ wall: 1_700_000_000_000 + performance.now(), mono: performance.now(), boot: 'b' }),
  }
  const watch = (post: Post, before?: WitnessedHead) => {
    const seen: WitnessedHead[] = []
    const answers: [string, Cosigned['is']][] = []
    const witnessing = new Witnessing({
      log: { name: 'control', head: () => head, consistency: (from, to = head.size) => proverOf()(from, to) },
      policy,
      everyMs: 1_000_000,
      post,
      clock,
      ...(before && { before }),
      onWitnessed: one => void seen.push(one),
      onAnswer: ({ name }, { is }) => void answers.push([name, is]),
    })
    return { witnessing, seen, answers }
  }
  beforeEach(() => {
    head = headOf(5)
  })

  it('publishes heads that the policy believes, each with the answers of one round', async () => {
    const { witnessing } = watch(postTo())
    for (const size of [5, 6, 20, 20]) {
      head = headOf(size)
      seconds += 10
      await witnessing.round()
      const { witnessed } = witnessing
      expect(witnessed?.size).toBe(size)
      const judged = trustCheckpoint(witnessed?.checkpoint ?? '', policy)
      expect(judged).toMatchObject({ ok: true, trusted: { size, witnessedBy: seconds } })
      expect(judged.ok && judged.trusted.cosignatures).toHaveLength(3)
    }
  })

  it('waits for nobody: a slow witness delays neither the others nor the next round, and counts when it comes', async () => {
    let release: () => void = () => undefined
    const slow = new Promise<void>(resolve => (release = resolve))
    const { witnessing, seen } = watch(
      postTo(async name => {
        if (name === 'w3') await slow
        return undefined
      }),
    )
    void witnessing.round()
    await vi.waitFor(() => expect(seen).toHaveLength(1))
    head = headOf(9)
    await witnessing.round()
    expect(witnessing.witnessed?.size).toBe(9)
    release()
    await witnessing.stop()
    // Its late answer was for 5; what is published stays.
    expect(witnessing.witnessed?.size).toBe(9)
    expect(witnessing.witnesses().every(({ trouble }) => trouble === undefined)).toBe(true)
  })

  it('is without a newer head while too few answer, asks those that fail ever more rarely, and is well when they are', async () => {
    let down = true
    let asked = 0
    const { witnessing, answers } = watch(
      postTo(name => {
        if (name === 'w1') return undefined
        asked += 1
        return down ? said(503, 'later') : undefined
      }),
    )
    for (let i = 0; i < 20; i += 1) await witnessing.round()
    expect(witnessing.witnessed).toBeUndefined()
    expect(asked).toBeLessThan(14)
    expect(answers).toContainEqual(['w2', 'failed'])
    expect(witnessing.witnesses().map(({ trouble }) => trouble !== undefined)).toEqual([false, true, true])
    down = false
    for (let i = 0; i < 33 && witnessing.witnessed === undefined; i += 1) await witnessing.round()
    expect(witnessing.witnessed?.size).toBe(5)
  })

  it('goes on from what was witnessed before, and never publishes less', async () => {
    const { witnessing } = watch(postTo())
    head = headOf(9)
    await witnessing.round()
    const before = witnessing.witnessed
    if (before === undefined) throw new Error('nothing was witnessed')
    const starts: string[] = []
    const again = watch(
      postTo((_, body) => {
        starts.push(body.split('\n')[0] ?? '')
        return undefined
      }),
      before,
    )
    head = headOf(12)
    await again.witnessing.round()
    expect(starts).toEqual(['old 9', 'old 9', 'old 9'])
    head = headOf(4)
    await again.witnessing.round()
    expect(again.witnessing.witnessed?.size).toBe(12)
    expect(again.answers.filter(([, is]) => is === 'contradicted')).toHaveLength(3)
  })

  it('asks nobody about the empty log, nor when it was stopped', async () => {
    const { witnessing, answers } = watch(postTo())
    head = headOf(0)
    await witnessing.round()
    await witnessing.stop()
    head = headOf(5)
    await witnessing.round()
    expect(answers).toEqual([])
  })
})
