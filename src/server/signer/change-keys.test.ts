import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { splitNote } from '../../ledger/note/split-note.ts'
import { KEYS_FILE, NEXT_KEYS_FILE } from '../../ledger/signer/signer-keys.ts'
import { signerFolder } from '../../ledger/signer/signer-keep.ts'
import { parsePolicy } from '../../ledger/trust/policy.ts'
import { trustProof } from '../../ledger/trust/trust-proof.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load-config.ts'
import { initFolder } from '../init/init-folder.ts'
import { logPolicy } from '../log-policy.ts'
import { CONTROL_LOG, openStore, originOf, type Store } from '../open-store.ts'
import { systemClock } from '../system-clock.ts'
import { verifyFolder } from '../verify-folder.ts'
import { changeKeys, type KeyChange } from './change-keys.ts'

let folder: string
let config: Config

beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'bg-keys-')), 'acme')
  await initFolder({ folder, organisation: 'acme', owners: ['ana', 'ben'] })
  const written = join(folder, 'breakglass.yaml')
  writeFileSync(written, `${readFileSync(written, 'utf8')}ledger: { segment: 64KiB }\n`)
  config = loadConfig(folder)
  await say('first')
})
afterEach(() => rmSync(dirname(folder), { recursive: true, force: true }))

async function running<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore({ config, clock: systemClock(), version: '0' })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

interface Said {
  readonly bytes: Buffer
  readonly proof: Parameters<typeof trustProof>[0]
}

/** One entry and the proof for it, as a running server gives them. */
function say(what: string): Promise<Said> {
  return running(async ({ control }) => {
    const pending = control.append([{ type: 'test.said', src: 'test', data: { what } }])
    const { first } = pending
    await pending.signed()
    const { size, checkpoint } = control.head()
    const hashes = await control.inclusion(first, size)
    const { bytes } = await control.read(first)
    return { bytes, proof: { index: first, hashes: [...hashes], checkpoint } }
  })
}

function believes(vkeys: readonly string[], { bytes, proof }: Said): boolean {
  const policy = parsePolicy(Buffer.from(`${vkeys.map(vkey => `log ${vkey}`).join('\n')}\nquorum none\n`))
  return policy.ok && trustProof(proof, bytes, policy.policy).ok
}

const change = (wish: KeyChange) => changeKeys({ config, log: CONTROL_LOG, change: wish })
const verify = () => verifyFolder(folder, () => undefined)
const keyIdOf = (vkey: string | undefined): string => vkey?.split('+')[1] ?? ''
const signatures = ({ proof }: Said): number => splitNote(proof.checkpoint)?.signatures.length ?? 0
const keysFile = (name: string): string =>
  join(config.signer, signerFolder(originOf(config.organisation, CONTROL_LOG)), name)

it('rotates: proofs verify by the policies of their time, and by what counts in the overlap', async () => {
  const before = await say('before')
  const [old = ''] = (await verify()).logs[0]?.vkeys ?? []
  const { vkeys } = await change({ kind: 'rotate' })
  const fresh = vkeys[1] ?? ''
  expect(vkeys).toEqual([old, fresh])
  expect((await verify()).findings).toEqual([])

  const overlap = await say('overlap')
  expect(signatures(overlap)).toBe(2)
  const given = await running(({ control }) => Promise.resolve(logPolicy([control], undefined)))
  expect(
    given
      .split('\n')
      .filter(line => line.startsWith('log '))
      .map(line => line.split(' ').at(-1)),
  ).toEqual([old, fresh])
  expect((await change({ kind: 'retire', keyId: keyIdOf(old) })).vkeys).toEqual([fresh])
  expect(await verify()).toMatchObject({ findings: [], logs: [{ vkeys: [fresh] }, {}] })
  const after = await say('after')
  expect(signatures(after)).toBe(1)

  const table = [before, overlap, after].map(said =>
    [[old], [fresh], [old, fresh]].map(by => believes(by, said)),
  )
  expect(table).toEqual([
    [true, false, true],
    [true, true, true],
    [false, true, true],
  ])
  expect(await verify()).toMatchObject({ findings: [], logs: [{ vkeys: [fresh], trust: 'signer' }, {}] })
  // Without the signer's directory the log itself says which key it is by now.
  rmSync(config.signer, { recursive: true })
  const { logs, findings } = await verify()
  expect(logs).toMatchObject([{ vkeys: [fresh], trust: 'itself' }, {}])
  expect(findings.map(({ file }) => file).filter(file => !file.endsWith('memory'))).toEqual([])
})

it('refuses the last key, a third one, a key that is not there, and a running server; nothing is changed', async () => {
  const [old] = (await verify()).logs[0]?.vkeys ?? []
  const keys = readFileSync(keysFile(KEYS_FILE))
  await expect(change({ kind: 'retire', keyId: keyIdOf(old) })).rejects.toMatchObject({ code: 'conflict' })
  await expect(change({ kind: 'compromised', keyId: keyIdOf(old), since: 1 })).rejects.toMatchObject({
    code: 'conflict',
  })
  await expect(change({ kind: 'retire', keyId: '00000000' })).rejects.toMatchObject({ code: 'not_found' })
  await running(async () => {
    await expect(change({ kind: 'rotate' })).rejects.toMatchObject({ code: 'ledger.in_use' })
  })
  expect(readFileSync(keysFile(KEYS_FILE))).toEqual(keys)
  await change({ kind: 'rotate' })
  await expect(change({ kind: 'rotate' })).rejects.toMatchObject({ code: 'conflict' })
  await expect(change({ kind: 'compromised', keyId: keyIdOf(old), since: 1000 })).rejects.toMatchObject({
    code: 'input.invalid',
  })
  expect((await change({ kind: 'compromised', keyId: keyIdOf(old), since: 1 })).vkeys).toHaveLength(1)
  expect((await verify()).findings).toEqual([])
})

it('is finished by the next call when it was cut in two: by what the log says', async () => {
  const one = readFileSync(keysFile(KEYS_FILE))
  const { vkeys } = await change({ kind: 'rotate' })
  const two = readFileSync(keysFile(KEYS_FILE))

  // As if the crash came behind the entry: the log names two keys, the signer still signs with one.
  writeFileSync(keysFile(NEXT_KEYS_FILE), two)
  writeFileSync(keysFile(KEYS_FILE), one)
  expect(signatures(await say('between'))).toBe(1)
  expect((await verify()).findings.map(({ what }) => what)).toEqual([
    expect.stringContaining('exactly the keys that the log names'),
  ])
  expect(await change({ kind: 'rotate' })).toMatchObject({ finished: true, vkeys })
  expect(existsSync(keysFile(NEXT_KEYS_FILE))).toBe(false)
  expect((await verify()).findings).toEqual([])

  // As if it came before the entry: keys that the log never named are dropped, and the call does what it was asked.
  writeFileSync(keysFile(NEXT_KEYS_FILE), one)
  const { vkeys: left, finished } = await change({ kind: 'retire', keyId: keyIdOf(vkeys[0]) })
  expect({ left, finished }).toEqual({ left: [vkeys[1]], finished: false })
  expect((await verify()).findings).toEqual([])
})
