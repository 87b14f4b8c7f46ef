/** The commands of docs/LEDGER.md, as they stand there: openssl and a shell judge what breakglass made. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkpointText, signCheckpoint } from '../../src/ledger/note/checkpoint.ts'
import { cosign, cosignerKey } from '../../src/ledger/note/cosignature.ts'
import { noteSigner } from '../../src/ledger/note/note.ts'
import { encodeProof } from '../../src/ledger/note/proof.ts'
import { inclusionProof } from '../../src/ledger/tree/inclusion.ts'
import { leafHash } from '../../src/ledger/tree/merkle.ts'
import { naive, readerOf } from '../../src/ledger/tree/naive-tree.suite.ts'
import { missing } from './servers/missing.ts'

const DOCS = readFileSync(join(import.meta.dirname, '../../docs/LEDGER.md'), 'utf8')
const SCRIPT = DOCS.slice(DOCS.indexOf('## Verify with public tools')).split('```')[1] ?? ''

const log = noteSigner('breakglass/acme/control', Buffer.alloc(32, 1))
const witness = cosignerKey('witness.paris.example', Buffer.alloc(32, 2))
const entries = Array.from({ length: 100 }, (_, i) => Buffer.from(`{"n":${i}}`))
const leaves = entries.map(leafHash)
const head = { origin: log.name, size: 100, root: naive.root(leaves) }
const TIME = 1_700_000_000

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bg-public-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function proof(change: (text: string) => string = text => text): Promise<void> {
  const checkpoint = signCheckpoint(head.size, head.root, log) + cosign(checkpointText(head), TIME, witness)
  const hashes = await inclusionProof(readerOf(leaves), 73, 100)
  writeFileSync(join(folder, '73.tlog-proof'), change(encodeProof({ index: 73, hashes, checkpoint })))
  writeFileSync(join(folder, '73.json'), entries[73] ?? '')
}

const run = (script: string) =>
  spawnSync('bash', ['--norc', '--noprofile', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      LOG_NAME: log.name,
      LOG_KEY: log.vkey.split('+').slice(2).join('+'),
      WITNESS_NAME: witness.name,
      WITNESS_KEY: witness.vkey.split('+').slice(2).join('+'),
    },
  })

describe.skipIf(missing('openssl').length > 0)('with public tools alone', () => {
  it('both signatures verify, the time is the one of the witness, and the leaf is the leaf', async () => {
    await proof()
    const { stdout, stderr, status } = run(`set -e\n${SCRIPT}`)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout.match(/Signature Verified Successfully/g)).toHaveLength(2)
    expect(stdout).toContain('22:13:20 UTC 2023')
    expect(stdout).toContain(leaves[73]?.toString('hex'))
  })

  it('the siblings lead from the leaf to the root that was signed', async () => {
    await proof()
    // Entry 73 of 100 by hand: bits of 73 and 99 from below, RFC 9162 §2.1.3.2.
    const steps = ['left', 'right', 'right', 'left', 'right', 'right', 'left']
    const climb = steps.map((side, i) => {
      const [a, b] = side === 'left' ? [`s${i}`, 'node'] : ['node', `s${i}`]
      return `{ printf '\\x01'; cat ${a} ${b}; } | openssl dgst -sha256 -binary > next; mv next node`
    })
    const { stdout, stderr } = run(
      [
        'set -e',
        "{ printf '\\0'; cat 73.json; } | openssl dgst -sha256 -binary > node",
        `sed -n '/^index/,/^$/p' 73.tlog-proof | sed '1d;$d' > siblings`,
        ...steps.map((_, i) => `sed -n ${i + 1}p siblings | base64 -d > s${i}`),
        ...climb,
        'base64 node',
      ].join('\n'),
    )
    expect([stderr, stdout.trim()]).toEqual(['', head.root.toString('base64')])
  })

  it.each([
    ['the size', (text: string) => text.replace('\n100\n', '\n101\n')],
    [
      'the origin',
      (text: string) => text.replace('\nbreakglass/acme/control\n', '\nbreakglass/acme/kontrol\n'),
    ],
  ])('%s cannot change', async (_, change) => {
    await proof(change)
    const { stdout } = run(SCRIPT)
    expect(stdout).not.toContain('Verified Successfully')
    expect(stdout.match(/Signature Verification Failure/g)).toHaveLength(2)
  })
})
