import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { createIdentity, identitySlices } from '../identity/create-identity.ts'
import { signerFolder } from '../ledger/signer/signer-keep.ts'
import { openJournal } from '../journal/open-journal.ts'
import type { Slice } from '../journal/slice.ts'
import { procedureSets } from '../policy/acceptance.ts'
import { loadConfig } from './config/load-config.ts'
import { firstStart } from './first-start.ts'
import { initFolder } from './init/init-folder.ts'
import { openStore } from './open-store.ts'
import { systemClock } from './system-clock.ts'
import { verifyFolder } from './verify-folder.ts'

let folder: string
let data: string

beforeAll(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'bg-verify-')), 'acme')
  await initFolder({ folder, organisation: 'acme', owners: ['ana', 'ben'] })
  const written = join(folder, 'breakglass.yaml')
  writeFileSync(written, `${readFileSync(written, 'utf8')}ledger: { segment: 64KiB }\n`)
  const config = loadConfig(folder)
  data = config.data
  const clock = systemClock()
  const store = await openStore({ config, clock, version: '0' })
  const slices = [...identitySlices, procedureSets] as readonly Slice<unknown>[]
  const journal = await openJournal({ log: store.control, keys: store.keys, clock, slices })
  const identity = await createIdentity({
    journal,
    secrets: store.vault,
    clock,
    origin: 'http://localhost:7070',
    rpId: 'localhost',
  })
  await firstStart({ config, journal, identity, version: '0' })
  await store.close()
})

const verify = (path: string) => verifyFolder(path, () => undefined)

function files(below: string): readonly string[] {
  return [below, join(below, '..', 'signer')].flatMap(top =>
    readdirSync(top, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => relative(data, join(entry.parentPath, entry.name))),
  )
}

describe('a folder verified from its files alone', () => {
  it('agrees after a clean stop, with and without its configuration', async () => {
    const whole = await verify(folder)
    expect(whole).toMatchObject({
      vault: true,
      findings: [],
      logs: [
        { log: 'control', trust: 'signer' },
        { log: 'sessions', trust: 'signer' },
      ],
    })
    const before = files(data).map(file => [file, statSync(join(data, file)).mtimeMs])
    expect(await verify(data)).toEqual(whole)
    expect(files(data).map(file => [file, statSync(join(data, file)).mtimeMs])).toEqual(before)
  })

  it('reports one flipped byte in any file of the folder, by its file', async () => {
    const all = files(data)
    expect(new Set(all.map(file => file.split('/')[0]))).toEqual(new Set(['format', 'logs', '..', 'vault']))
    for (const file of all) {
      const path = join(data, file)
      const bytes = readFileSync(path)
      for (const at of new Set([0, bytes.length >> 1, bytes.length - 1])) {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ 0x10
        writeFileSync(path, changed)
        const { findings } = await verify(folder)
        expect(findings.map(finding => finding.file)).toContain(file)
      }
      writeFileSync(path, bytes)
    }
    expect((await verify(folder)).findings).toEqual([])
  })

  it('reports a file that is gone, and one that does not belong', async () => {
    // The marker of a clean stop and a segment allocated ahead hold nothing that could be missed.
    for (const file of [
      'logs/control/checkpoint',
      'logs/control/segments/00000000.seg',
      `../signer/${signerFolder('breakglass/acme/sessions')}/memory`,
    ]) {
      const bytes = readFileSync(join(data, file))
      rmSync(join(data, file))
      expect((await verify(folder)).findings).not.toEqual([])
      writeFileSync(join(data, file), bytes, { mode: 0o600 })
    }
    writeFileSync(join(data, 'logs', 'control', 'stray'), 'x')
    expect((await verify(folder)).findings).toMatchObject([{ file: 'logs/control/stray' }])
    rmSync(join(data, 'logs', 'control', 'stray'))
  })

  it('refuses while a server has the folder, and a folder that is neither', async () => {
    const store = await openStore({ config: loadConfig(folder), clock: systemClock(), version: '0' })
    await expect(verify(folder)).rejects.toMatchObject({ code: 'ledger.in_use' })
    await store.close()
    await expect(verify(tmpdir())).rejects.toMatchObject({
      code: 'not_found',
      next: expect.stringContaining('breakglass.yaml'),
    })
  })
})
