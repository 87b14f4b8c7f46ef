import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createIdentity, identitySlices } from '../../src/identity/create-identity.ts'
import { openJournal } from '../../src/journal/open-journal.ts'
import type { Journal } from '../../src/journal/journal.ts'
import type { Slice } from '../../src/journal/slice.ts'
import { openCheckpoint } from '../../src/ledger/note/checkpoint.ts'
import { parseVkey } from '../../src/ledger/note/note.ts'
import { verifyConsistency } from '../../src/ledger/tree/consistency.ts'
import { procedureSets } from '../../src/policy/acceptance.ts'
import { backUp } from '../../src/server/backup/back-up.ts'
import { restore } from '../../src/server/backup/restore.ts'
import { loadConfig } from '../../src/server/config/load-config.ts'
import { initFolder } from '../../src/server/init/init-folder.ts'
import { openStore, type Store } from '../../src/server/open-store.ts'
import { systemClock } from '../../src/server/system-clock.ts'
import { verifyFolder } from '../../src/server/verify-folder.ts'
import { isBuilt } from './breakglass.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'main.js')
const clock = systemClock()
const quiet = (): void => undefined
let top: string
let folder: string
let to: string
const opened: Store[] = []

beforeEach(async () => {
  top = mkdtempSync(join(tmpdir(), 'bg-backup-'))
  folder = join(top, 'acme')
  to = join(top, 'backup')
  await initFolder({ folder, organisation: 'acme', owners: ['ana'] })
  const file = join(folder, 'breakglass.yaml')
  writeFileSync(file, `${readFileSync(file, 'utf8')}ledger: { segment: 64KiB }\n`)
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(top, { recursive: true, force: true })
})

async function open(where = folder): Promise<{ store: Store; journal: Journal; close: () => Promise<void> }> {
  const store = await openStore({ config: loadConfig(where), clock, version: '0' })
  opened.push(store)
  const slices = [...identitySlices, procedureSets] as readonly Slice<unknown>[]
  const journal = await openJournal({ log: store.control, keys: store.keys, clock, slices })
  return {
    store,
    journal,
    async close() {
      opened.splice(opened.indexOf(store), 1)
      await store.close()
    },
  }
}

async function identityOf({ store, journal }: Awaited<ReturnType<typeof open>>) {
  return createIdentity({
    journal,
    secrets: store.vault,
    clock,
    origin: 'http://localhost:7070',
    rpId: 'localhost',
  })
}

/** A server that has people and actions, so that there is state, sealed payloads and secrets to lose. */
async function filled(): Promise<void> {
  const running = await open()
  const identity = await identityOf(running)
  for (const handle of ['ana', 'ben', 'cleo'])
    await identity.addPerson({ handle, name: `Name of ${handle}`, groups: ['oncall'] })
  const seal = await running.store.keys.obtain('session/s_1')
  for (let from = 0; from < 300; from += 20) {
    const actions = Array.from({ length: 20 }, (_, i) => {
      const payload = { statement: `select ${from + i} ${'x'.repeat(300)}` }
      return { type: 'action', src: 's_1', data: { n: from + i }, payload, seal }
    })
    await running.store.sessions.append(actions).durable()
  }
  await identity.close()
  await running.close()
}

const files = (below: string): string[] =>
  readdirSync(below, { recursive: true, withFileTypes: true })
    .filter(one => one.isFile())
    .map(one => relative(below, join(one.parentPath, one.name)))
const run = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })

describe.skipIf(!isBuilt)('a backup', () => {
  it('brings everything back, to the byte, and the logs go on', async () => {
    await filled()
    const heads = (await verifyFolder(folder, quiet)).logs.map(({ log, size, root }) => ({ log, size, root }))
    const made = run('backup', to, '--config', folder, '--json')
    expect(made.stderr).toBe('')
    expect((JSON.parse(made.stdout) as { logs: unknown }).logs).toMatchObject(heads)
    for (const secret of ['key', 'memory', 'vault.key', 'ca.key'])
      expect(files(to).filter(path => path.endsWith(`/${secret}`))).toEqual([])

    rmSync(join(folder, 'data'), { recursive: true })
    const back = run('restore', to, '--config', folder)
    expect([back.status, back.stderr]).toEqual([0, ''])
    const running = await open()
    const identity = await identityOf(running)
    expect(identity.personOf('cleo')).toBeDefined()
    expect(await running.store.sessions.payload(300, running.store.keys)).toMatchObject({
      statement: expect.stringContaining('select 299'),
    })
    await identity.addPerson({ handle: 'dora', name: 'Dora', groups: [] })
    await identity.close()
    await running.close()
    expect((await verifyFolder(folder, quiet)).findings).toEqual([])
  })

  it('of a server that writes all the while is a head it signed, with everything before it', async () => {
    await filled()
    const running = await open()
    const enough = new AbortController()
    const written = (async () => {
      for (let n = 0; !enough.signal.aborted; n += 1)
        await running.store.sessions
          .append([{ type: 'action', src: 's_2', data: { n, text: 'y'.repeat(900) } }])
          .durable()
      return running.store.sessions.length
    })()
    const published = (): number =>
      Number(readFileSync(join(folder, 'data', 'logs', 'sessions', 'checkpoint'), 'utf8').split('\n')[1])
    await expect.poll(published).toBeGreaterThan(301)
    const { logs } = await backUp({ config: folder, to, version: '0', onProgress: quiet })
    enough.abort()
    const length = await written
    const sessions = logs.find(({ log }) => log === 'sessions')
    expect(sessions?.size).toBeGreaterThan(301)
    expect(sessions?.size).toBeLessThanOrEqual(length)
    const proof = await running.store.sessions.consistency(sessions?.size ?? 0, length)
    expect(proof.length).toBeGreaterThan(0)
    await running.close()
  })

  it('is refused when any byte of it was changed, by the name of the file, and then nothing is written', async () => {
    await filled()
    await backUp({ config: folder, to, version: '0', onProgress: quiet })
    rmSync(join(folder, 'data'), { recursive: true })
    for (const path of files(to)) {
      const bytes = readFileSync(join(to, path))
      const changed = Buffer.from(bytes)
      const at = changed.length >> 1
      changed[at] = (changed[at] ?? 0) ^ 0x10
      writeFileSync(join(to, path), changed)
      await expect(restore({ from: to, to: folder, onProgress: quiet })).rejects.toMatchObject({
        code: 'ledger.damaged',
        // A digest in the manifest that was changed is found at the file it is of.
        message: expect.stringContaining(path === 'manifest.json' ? 'The backup' : path),
      })
      writeFileSync(join(to, path), bytes)
    }
    expect(existsSync(join(folder, 'data'))).toBe(false)
    await restore({ from: to, to: folder, onProgress: quiet })
  })

  it('never replaces data, nor a backup', async () => {
    await filled()
    await backUp({ config: folder, to, version: '0', onProgress: quiet })
    await expect(backUp({ config: folder, to, version: '0', onProgress: quiet })).rejects.toMatchObject({
      code: 'conflict',
    })
    const refused = run('restore', to, '--config', folder)
    expect(refused.status).toBe(1)
    expect(refused.stderr).toMatch(/There is data in .* already; nothing was changed/)
  })

  it('opens nothing without the key of its vault', async () => {
    await filled()
    await backUp({ config: folder, to, version: '0', onProgress: quiet })
    rmSync(join(folder, 'data'), { recursive: true })
    rmSync(join(folder, 'keys', 'vault.key'))
    await expect(restore({ from: to, to: folder, onProgress: quiet })).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('There is no vault key'),
    })
    expect(existsSync(join(folder, 'data'))).toBe(false)
  })
})

describe.skipIf(!isBuilt)('a backup that is older than what was signed', () => {
  /** 12 acts of control were signed after the backup, and are lost. */
  async function older(): Promise<void> {
    await filled()
    await backUp({ config: folder, to, version: '0', onProgress: quiet })
    const running = await open()
    const identity = await identityOf(running)
    const person = identity.personOf('ben')
    for (let n = 0; n < 12; n += 1)
      await identity.changePerson({ person: person as never, groups: [`g${n}`] })
    await identity.close()
    await running.close()
    rmSync(join(folder, 'data'), { recursive: true })
  }

  it('is refused, with both sizes, and nothing is written', async () => {
    await older()
    const refused = run('restore', to, '--config', folder)
    expect(refused.status).toBe(1)
    expect(refused.stderr).toMatch(
      /would turn the log control back: it ends at \d+ entries, its signer has signed \d+/,
    )
    expect(refused.stderr).toMatch(/--new-origin NAME/)
    expect(existsSync(join(folder, 'data'))).toBe(false)
  })

  it('goes on under a new origin: state, indices and old proofs stand, and the loss is on record', async () => {
    await older()
    const before = JSON.parse(readFileSync(join(to, 'manifest.json'), 'utf8')) as {
      logs: { log: string; size: number; root: string; vkey: string }[]
    }
    const back = run('restore', to, '--config', folder, '--new-origin', 'after-the-fire')
    expect([back.status, back.stderr]).toEqual([0, ''])
    const running = await open()
    const { control, sessions } = running.store
    expect(control.origin).toBe('breakglass/acme/after-the-fire/control')
    const identity = await identityOf(running)
    expect(identity.personOf('cleo')).toBeDefined()
    await identity.close()
    for (const log of [control, sessions]) {
      const old = before.logs.find(one => one.log === log.name)
      if (old === undefined) throw new Error('no such log')
      const entry = await log.read(old.size)
      expect(entry.type).toBe('ledger.continued')
      const { continues } = entry.data as {
        continues: { size: number; root: string; lost: number; checkpoint: string }
      }
      expect(continues).toMatchObject({ size: old.size, root: old.root })
      if (log === control) expect(continues.lost).toBeGreaterThanOrEqual(12)
      // Whoever holds the old key and the old head sees that this log extends it.
      const key = parseVkey(old.vkey)
      const head = key && openCheckpoint(continues.checkpoint, key)
      expect(head).toMatchObject({ size: old.size })
      const now = log.head()
      const proof = await log.consistency(old.size, now.size)
      expect(verifyConsistency(old.size, now.size, Buffer.from(old.root, 'hex'), now.root, proof)).toBe(true)
    }
    // Payloads that were sealed under the old origin open at their old indices.
    expect(await sessions.payload(300, running.store.keys)).toMatchObject({ statement: expect.any(String) })
    await control.append([{ type: 'note', src: 'control', data: {} }]).signed()
    await running.close()
    const { findings, logs } = await verifyFolder(folder, quiet)
    expect(findings).toEqual([])
    expect(logs.map(({ trust }) => trust)).toEqual(['signer', 'signer'])

    // A second time, from a backup of the new ones; the name of the first is taken.
    const second = join(top, 'second')
    await backUp({ config: folder, to: second, version: '0', onProgress: quiet })
    rmSync(join(folder, 'data'), { recursive: true })
    await expect(
      restore({ from: second, to: folder, newOrigin: 'after-the-fire', onProgress: quiet }),
    ).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('was signed as') })
    await restore({ from: second, to: folder, newOrigin: 'again', onProgress: quiet })
    const again = await open()
    expect(await again.store.sessions.payload(300, again.store.keys)).toMatchObject({
      statement: expect.any(String),
    })
    await again.close()
    expect((await verifyFolder(folder, quiet)).findings).toEqual([])
  })

  it('goes on under a new origin also where the old signer is lost, on another machine', async () => {
    await older()
    const other = join(top, 'other')
    cpSync(join(folder, 'keys'), join(other, 'keys'), { recursive: true })
    const refused = run('restore', to, '--config', other)
    expect(refused.stderr).toMatch(/has no key for breakglass\/acme\/control/)
    const back = run('restore', to, '--config', other, '--new-origin', 'elsewhere')
    expect([back.status, back.stderr]).toEqual([0, ''])
    const running = await open(other)
    const identity = await identityOf(running)
    expect(identity.personOf('ben')).toBeDefined()
    await identity.close()
    await running.close()
  })
})
