/** Bundles whose checkpoints witnesses have cosigned: both verifiers ask for the quorum of the policy they were given, and for nothing in the bundle. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyBundle } from '../ledger/bundle/verify-bundle.ts'
import type { Head } from '../ledger/log.ts'
import { cosign, cosignerKey } from '../ledger/note/cosignature.ts'
import { parseProof } from '../ledger/note/proof.ts'
import {
  type BundleWorld,
  bundleWorld,
  collect,
  contentsOf,
  memorySource,
  type OtherVerifier,
  otherVerifier,
  policyOf,
} from './bundle-world.suite.ts'
import { selectSession } from './select-session.ts'
import { writeBundle } from './write-bundle.ts'

const names = ['paris', 'auditor', 'cloud', 'stranger'] as const
type Name = (typeof names)[number]
const SECONDS = 1_700_000_100
const keyOf = (name: Name) => cosignerKey(`${name}.example`, Buffer.alloc(32, 60 + names.indexOf(name)))

let world: BundleWorld
let other: OtherVerifier
let session: string

beforeAll(async () => {
  world = await bundleWorld()
  other = await otherVerifier()
  session = await world.session('g_1', 3)
  await world.settled()
})
afterAll(() => world.close())

/** A bundle of the session whose heads carry these lines. */
async function bundleWith(lines: (text: string) => readonly string[]): Promise<Buffer> {
  const witnessed = (): Head => {
    const head = world.sessions.log.head()
    const [text = ''] = head.checkpoint.split('\n\n')
    return { ...head, checkpoint: `${head.checkpoint}${lines(`${text}\n`).join('')}` }
  }
  const sources = {
    keys: world.keys,
    witnessed,
    procedureText: async () => undefined,
    policy: async () => world.policyText,
    aids: async () => new Map<string, Buffer>(),
    software: 'breakglass test',
  }
  return collect(writeBundle(selectSession(world.sessions, session), sources, world.clock.wall))
}

const TWO_OF_THREE = [
  ...(['paris', 'auditor', 'cloud'] as const).map(name => `witness ${name} ${keyOf(name).vkey}`),
  'group two 2 paris auditor cloud',
  'quorum two',
]

/** Both verdicts, which must be one. */
async function judged(archive: Buffer, asked: readonly string[]): Promise<boolean> {
  const logs = world.policyText.split('\n').filter(line => line.startsWith('log '))
  const text = `${[...logs, ...asked].join('\n')}\n`
  const ours = await verifyBundle(memorySource(archive), policyOf(text))
  const theirs = await other.verifyBundle(memorySource(archive), other.parsePolicy(Buffer.from(text)))
  expect(theirs.findings.map(({ file }) => file)).toEqual(ours.findings.map(({ file }) => file))
  if (ours.findings.length > 0) expect(ours.findings[0]?.file).toBe('logs/sessions/checkpoint')
  return ours.findings.length === 0
}

const by =
  (...who: readonly Name[]) =>
  (text: string): string[] =>
    who.map(name => cosign(text, SECONDS, keyOf(name)))

describe('a cosigned bundle', () => {
  it.each([
    ['two of three', by('paris', 'cloud'), true],
    ['all three and a stranger', by('stranger', 'paris', 'auditor', 'cloud'), true],
    ['one', by('auditor'), false],
    ['one, twice', by('auditor', 'auditor'), false],
    ['one and a stranger', by('paris', 'stranger'), false],
    ['nobody', by(), false],
    [
      'two, one over another head',
      (text: string) => [...by('paris')(text), ...by('cloud')(text.replace('breakglass', 'breakglasz'))],
      false,
    ],
    [
      'two, one with another time',
      (text: string) => [...by('paris')(text), anotherTime(by('cloud')(text)[0] ?? '')],
      false,
    ],
  ])('by %s', async (_, lines, holds) => {
    expect(await judged(await bundleWith(lines), TWO_OF_THREE)).toBe(holds)
  })

  it('is believed without witnesses by who asks for none', async () => {
    expect(await judged(await bundleWith(by('paris')), ['quorum none'])).toBe(true)
  })

  it('holds proofs that carry the cosignatures', async () => {
    const contents = await contentsOf(await bundleWith(by('paris', 'cloud')))
    const proofs = [...contents].filter(([name]) => name.endsWith('.tlog-proof'))
    expect(proofs.length).toBeGreaterThan(0)
    for (const [, bytes] of proofs)
      expect(parseProof(bytes.toString())?.checkpoint).toContain('— cloud.example ')
  })
})

/** The eight bytes behind the key id say when. */
function anotherTime(line: string): string {
  const [dash, name, blob = ''] = line.trimEnd().split(' ')
  const bytes = Buffer.from(blob, 'base64')
  bytes.writeBigUInt64BE(BigInt(SECONDS + 1), 4)
  return `${dash} ${name} ${bytes.toString('base64')}\n`
}
