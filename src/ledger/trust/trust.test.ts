import { describe, expect, it } from 'vitest'
import { checkpointText, signCheckpoint } from '../note/checkpoint.ts'
import { cosign, cosignerKey } from '../note/cosignature.ts'
import { noteSigner, signNote } from '../note/note.ts'
import { encodeProof, parseProof } from '../note/proof.ts'
import { inclusionProof } from '../tree/inclusion.ts'
import { leafHash } from '../tree/merkle.ts'
import { naive, readerOf } from '../tree/naive-tree.suite.ts'
import { parsePolicy, type Policy } from './policy.ts'
import { trustCheckpoint, TrustedCheckpoint } from './trusted-checkpoint.ts'
import { trustProof } from './trust-proof.ts'

const ORIGIN = 'log.example/control'
const log = noteSigner(ORIGIN, Buffer.alloc(32, 1))
const thief = noteSigner(ORIGIN, Buffer.alloc(32, 2))
const [w1, w2, w3, stranger] = [11, 12, 13, 14].map(seed =>
  cosignerKey(`w${seed}.example`, Buffer.alloc(32, seed)),
) as [Key, Key, Key, Key]
type Key = ReturnType<typeof cosignerKey>

const policyOf = (quorum: string, ...more: string[]): Policy => {
  const lines = [`log ${log.vkey}`, ...[w1, w2, w3].map((key, i) => `witness w${i + 1} ${key.vkey}`)]
  const parsed = parsePolicy(
    Buffer.from([...lines, ...more, `quorum ${quorum}`].map(one => `${one}\n`).join('')),
  )
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy
}
const twoOfThree = policyOf('q', 'group q 2 w1 w2 w3')

const entries = Array.from({ length: 13 }, (_, i) => Buffer.from(`{"n":${i}}`))
const leaves = entries.map(leafHash)
const rootOf = (size: number, of = leaves): Buffer => naive.root(of.slice(0, size))
const text = checkpointText({ origin: ORIGIN, size: 13, root: rootOf(13) })
const signed = signCheckpoint(13, rootOf(13), log)
const T = 1_700_000_000
const cosigned = signed + cosign(text, T + 5, w1) + cosign(text, T, w2)

const judged = (note: string, policy = twoOfThree): string => {
  const answer = trustCheckpoint(note, policy)
  return answer.ok ? 'trusted' : answer.why
}

describe('a checkpoint is trusted', () => {
  it('when a log of the policy signed it and enough witnesses cosigned; it says who and when', () => {
    const answer = trustCheckpoint(cosigned + cosign(text, T + 9, w3), twoOfThree)
    if (!answer.ok) throw new Error(answer.what)
    const { trusted } = answer
    expect(TrustedCheckpoint.is(trusted)).toBe(true)
    expect(trusted).toMatchObject({ origin: ORIGIN, size: 13, root: rootOf(13) })
    expect(trusted.cosignatures.map(({ witness, time }) => [witness.name, time - T])).toEqual([
      ['w1', 5],
      ['w2', 0],
      ['w3', 9],
    ])
    // Two were enough, and the second of them cosigned at T + 5.
    expect(trusted.witnessedBy).toBe(T + 5)
  })

  it('by a policy that asks for nobody, at no time', () => {
    const answer = trustCheckpoint(signed, policyOf('none'))
    expect(answer).toMatchObject({ ok: true, trusted: { cosignatures: [] } })
    expect(answer.ok && answer.trusted.witnessedBy).toBeUndefined()
  })

  it('cannot be made without being judged', () => {
    const forge = (): unknown =>
      new TrustedCheckpoint(
        Symbol('trusted checkpoint'),
        { origin: ORIGIN, size: 1, root: rootOf(1) },
        twoOfThree.logs[0] as never,
        [],
        T,
      )
    expect(forge).toThrow(TypeError)
    expect(TrustedCheckpoint.is({ origin: ORIGIN, size: 1, root: rootOf(1) })).toBe(false)
  })
})

/** Requirement 19: integrity by cryptography. Each line is an attack and what is said to it. */
describe('requirement 19: a checkpoint is not trusted when it is', () => {
  const otherRoot = checkpointText({ origin: ORIGIN, size: 13, root: rootOf(12) })
  const foreign = noteSigner('log.example/sessions', Buffer.alloc(32, 1))
  const line = (note: string, at: number): string => `${note.split('\n\n')[1]?.split('\n')[at]}\n`
  it.each<[attack: string, note: string, said: string]>([
    ['empty', '', 'malformed'],
    ['unsigned', text, 'malformed'],
    ['cut in the middle', cosigned.slice(0, -30), 'malformed'],
    ['cut by its last line', cosigned.split('\n').slice(0, -2).join('\n') + '\n', 'no_quorum'],
    ['no checkpoint but a signed note', signNote('hello\n', log), 'malformed'],
    [
      'forged by another key of the same name',
      cosigned.replace(line(cosigned, 0), line(signCheckpoint(13, rootOf(13), thief), 0)),
      'unknown_log',
    ],
    ['of a log the policy does not know', signCheckpoint(13, rootOf(13), foreign), 'unknown_log'],
    [
      'of another origin, signed by a known key',
      signNote(checkpointText({ origin: foreign.name, size: 13, root: rootOf(13) }), log),
      'unknown_log',
    ],
    ['changed in its size', cosigned.replace('\n13\n', '\n14\n'), 'bad_signature'],
    ['changed in its root', cosigned.replace(text, otherRoot), 'bad_signature'],
    [
      'given the signature of another head',
      signed.replace(line(signed, 0), line(signCheckpoint(12, rootOf(12), log), 0)),
      'bad_signature',
    ],
    ['cosigned by one too few', signed + cosign(text, T, w1), 'no_quorum'],
    [
      'cosigned twice by the same witness',
      signed + cosign(text, T, w1) + cosign(text, T + 1, w1),
      'no_quorum',
    ],
    ['cosigned by a stranger', signed + cosign(text, T, w1) + cosign(text, T, stranger), 'no_quorum'],
    [
      'cosigned by a stranger of a known name',
      signed + cosign(text, T, w1) + cosign(text, T, cosignerKey(w2.name, Buffer.alloc(32, 77))),
      'no_quorum',
    ],
    [
      'given a cosignature of another head',
      signed + cosign(text, T, w1) + cosign(otherRoot, T, w2),
      'bad_signature',
    ],
    [
      'given a cosignature with another time',
      cosigned.replace(line(cosigned, 2), changedTime(line(cosigned, 2))),
      'bad_signature',
    ],
    [
      'given the cosignature of one witness under the name of another',
      signed + cosign(text, T, w1) + cosign(text, T, w1).replace(w1.name, w2.name),
      'no_quorum',
    ],
    [
      'signed by a witness with its key as if it were a note',
      signed + signNote(text, noteSigner(w1.name, Buffer.alloc(32, 11))).slice(text.length + 1),
      'no_quorum',
    ],
    ['doubled', cosigned + cosigned, 'malformed'],
    ['with a signature line too many spaces', cosigned.replace('— w', '—  w'), 'malformed'],
  ])('%s', (_, note, said) => expect(judged(note)).toBe(said))

  it.each<[harmless: string, note: string]>([
    ['with its log signature doubled', cosigned + line(cosigned, 0)],
    [
      'with a signature of an unknown type by a known name',
      `${cosigned}— ${w3.name} ${Buffer.alloc(2432, 6).toString('base64')}\n`,
    ],
    [
      'with the lines in another order',
      `${text}\n${line(cosigned, 2)}${line(cosigned, 1)}${line(cosigned, 0)}`,
    ],
  ])('but is trusted %s', (_, note) => expect(judged(note)).toBe('trusted'))
})

describe('requirement 19: a proof is not trusted when', () => {
  const proofOf = async (index: number, size = 13, note = cosigned) => ({
    index,
    hashes: await inclusionProof(readerOf(leaves.slice(0, size)), index, size),
    checkpoint: note,
  })
  const said = (proof: Awaited<ReturnType<typeof proofOf>>, entry: Buffer): string => {
    const read = parseProof(encodeProof(proof))
    const answer = read && trustProof(read, entry, twoOfThree)
    return answer === undefined ? 'malformed' : answer.ok ? 'trusted' : answer.why
  }
  const entry = (i: number): Buffer => entries[i] as Buffer

  it('made for another entry, index, tree or head; and every entry has one that is trusted', async () => {
    for (let i = 0; i < 13; i += 1) {
      const proof = await proofOf(i)
      expect(said(proof, entry(i))).toBe('trusted')
      expect(said(proof, entry((i + 1) % 13))).toBe('not_included')
      expect(said({ ...proof, index: (i + 1) % 13 }, entry(i))).toBe('not_included')
      expect(said({ ...proof, index: 13 }, entry(i))).toBe('not_included')
      expect(said({ ...proof, hashes: proof.hashes.slice(1) }, entry(i))).toBe('not_included')
      expect(said({ ...proof, hashes: [...proof.hashes, rootOf(1)] }, entry(i))).toBe('not_included')
      expect(said({ ...proof, hashes: proof.hashes.toReversed() }, entry(i)), `entry ${i}`).toBe(
        'not_included',
      )
      expect(said({ ...proof, checkpoint: signed }, entry(i))).toBe('no_quorum')
    }
  })

  it('stale: a proof for an older tree under a newer checkpoint', async () => {
    expect(said(await proofOf(4, 9), entry(4))).toBe('not_included')
    const older = signCheckpoint(9, rootOf(9), log)
    expect(said(await proofOf(4, 9, older), entry(4))).toBe('no_quorum')
    // A node of the tree passed off as an entry: leaves and nodes are hashed apart (RFC 6962 §2.1).
    const pair = Buffer.concat([leaves[0] as Buffer, leaves[1] as Buffer])
    const above = (await proofOf(0)).hashes.slice(1)
    expect(said({ index: 0, hashes: above, checkpoint: cosigned }, pair)).toBe('not_included')
  })

  it('any of its bytes has changed', async () => {
    const whole = Buffer.from(encodeProof(await proofOf(6)))
    for (let at = 0; at < whole.length; at += 1) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ 1
      const read = parseProof(changed.toString())
      const answer = read && trustProof(read, entry(6), twoOfThree)
      expect(
        answer?.ok ?? false,
        `byte ${at} ${JSON.stringify(whole.toString().slice(at - 3, at + 3))}`,
      ).toBe(false)
    }
  })
})

function changedTime(line: string): string {
  const [dash, name, encoded] = line.trimEnd().split(' ')
  const blob = Buffer.from(encoded ?? '', 'base64')
  blob[11] = (blob[11] ?? 0) ^ 1
  return `${dash} ${name} ${blob.toString('base64')}\n`
}
