import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadProcedures } from '../../policy/load.ts'
import { readVaultKey, recoverKey } from '../../store/file/vault-key.ts'
import { loadConfig } from '../config/load-config.ts'
import { initFolder, type InitOptions } from './init-folder.ts'

const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'bg-init-')), 'acme')
const init = (folder: string, options: Partial<InitOptions> = {}) =>
  initFolder({ folder, organisation: 'acme', owners: ['ana', 'ben'], ...options })

describe('init', () => {
  it('writes a configuration that loads, with every secret where it says', async () => {
    const folder = fresh()
    await init(folder)
    const config = loadConfig(folder)
    expect(config.organisation).toBe('acme')
    expect(config.owners).toEqual({ people: ['ana', 'ben'], count: 2 })
    for (const channels of config.alerts.destinations.values())
      for (const { secret } of channels) expect(secret.read()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    for (const name of ['vault.key', 'alert-security.secret'])
      expect(statSync(join(folder, 'keys', name)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toMatch(/^\/data\/\n\/keys\/\n\/signer\/$/m)
  })

  it('writes an example procedure that the policy accepts under this configuration', async () => {
    const folder = fresh()
    await init(folder)
    const config = loadConfig(folder)
    const result = loadProcedures(
      ['example-db.yaml', 'example-db.test.yaml'].map(name => ({
        path: `procedures/${name}`,
        text: readFileSync(join(folder, 'procedures', name), 'utf8'),
      })),
      {
        targets: Object.fromEntries(
          [...config.targets].map(([name, target]) => [
            name,
            { ...target, scopes: Object.keys(target.scopes) },
          ]),
        ),
        alerts: Object.fromEntries(
          [...config.alerts.destinations].map(([name, channels]) => [
            name,
            channels.map(({ channel, url }) => ({ kind: channel, at: new URL(url).host })),
          ]),
        ),
        incidents: config.incidents.map(({ name }) => name),
        rules: { postgres: ['ddl', 'write_without_where', 'copy_program', 'server_files'] },
        countsWrites: ['postgres'],
      },
    )
    expect(result).toMatchObject({ ok: true })
  })

  it('gives shares of which a threshold rebuilds the key, and fewer do not', async () => {
    const folder = fresh()
    const { shares, threshold } = await init(folder)
    expect([shares.length, threshold]).toEqual([5, 3])
    const key = await readVaultKey({
      env: {},
      file: join(folder, 'keys', 'vault.key'),
      data: join(folder, 'data'),
    })
    expect(await recoverKey(shares.slice(1, 4))).toEqual(key)
    await expect(recoverKey(shares.slice(0, 2))).rejects.toMatchObject({ code: 'input.invalid' })
    for (const name of ['breakglass.yaml', 'keys/vault.key'])
      expect(readFileSync(join(folder, name), 'utf8')).not.toContain('bgshare')
  })

  it.each(['breakglass.yaml', 'keys', 'data', 'procedures'])(
    'writes nothing when %s is there already',
    async name => {
      const folder = fresh()
      mkdirSync(folder)
      if (name.endsWith('.yaml')) writeFileSync(join(folder, name), 'mine')
      else mkdirSync(join(folder, name))
      await expect(init(folder)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining(name),
      })
      if (name !== 'keys') expect(statSync(join(folder, 'keys'), { throwIfNoEntry: false })).toBeUndefined()
    },
  )

  it.each([
    [{ organisation: 'Acme Corp' }, /cannot name an organisation/],
    [{ owners: [] }, /at least one owner/],
    [{ owners: ['ana', 'ana'] }, /named twice/],
    [{ owners: ['a b'] }, /no handle/],
    [{ owners: ['x: {people: [eve]}'] }, /no handle/],
    [{ needed: 3 }, /3 of 2 owners/],
    [{ shares: { count: 2, threshold: 3 } }, /recovery shares/],
  ])('refuses %j before it writes', async (options, message) => {
    const folder = fresh()
    await expect(init(folder, options)).rejects.toMatchObject({
      code: 'input.invalid',
      message: expect.stringMatching(message),
    })
    expect(statSync(folder, { throwIfNoEntry: false })).toBeUndefined()
  })
})
