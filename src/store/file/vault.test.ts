import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createKeyRing } from './key-ring.ts'
import { openVault, type Vault } from './vault.ts'

const key = randomBytes(32)
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bg-vault-'))
})
afterEach(() => rm(folder, { recursive: true }))

const records = async (): Promise<string[]> =>
  (await readdir(join(folder, 'records'))).map(name => join(folder, 'records', name))

describe('openVault', () => {
  it('keeps what was put, over a restart, and forgets what was destroyed', async () => {
    const vault = await openVault({ folder, key })
    await vault.put('totp/p_1', Buffer.from('one'))
    await vault.put('totp/p_2', Buffer.from('two'))
    await vault.put('totp/p_1', Buffer.from('three'))
    await vault.destroy('totp/p_2')
    const again = await openVault({ folder, key })
    expect((await again.get('totp/p_1'))?.toString()).toBe('three')
    expect(again.peek('totp/p_1')?.toString()).toBe('three')
    expect(await again.get('totp/p_2')).toBeUndefined()
    expect(again.peek('totp/p_2')).toBeUndefined()
    expect(await again.list('totp/')).toEqual(['totp/p_1'])
    expect(await again.verify()).toEqual([])
  })

  it('shows neither names nor contents in its folder', async () => {
    const vault = await openVault({ folder, key })
    await vault.put('person/ana@acme.example', Buffer.from('a secret of ana'))
    for (const file of await records()) {
      expect(file).not.toContain('ana')
      expect((await readFile(file)).includes('ana')).toBe(false)
    }
  })

  it('refuses another key at once, also when its check record is gone', async () => {
    await (await openVault({ folder, key })).put('x', Buffer.from('y'))
    await expect(openVault({ folder, key: randomBytes(32) })).rejects.toMatchObject({
      code: 'config.invalid',
    })
  })

  it('keeps concurrent writes of one name in order', async () => {
    const vault = await openVault({ folder, key })
    await Promise.all(Array.from({ length: 20 }, (_, i) => vault.put('x', Buffer.from(String(i)))))
    expect((await (await openVault({ folder, key })).get('x'))?.toString()).toBe('19')
  })

  it('names the file of every flipped byte and never answers with changed contents', async () => {
    await (await openVault({ folder, key })).put('x', Buffer.from('contents'))
    for (const file of await records()) {
      const whole = await readFile(file)
      for (let at = 0; at < whole.length; at += 1) {
        const flipped = Buffer.from(whole)
        flipped[at] = (flipped[at] ?? 0) ^ 1
        await writeFile(file, flipped)
        const vault = await openVault({ folder, key }).catch((error: Error): Vault | Error => error)
        if (vault instanceof Error) {
          // Its own check record: the vault does not open at all.
          expect(vault).toMatchObject({ code: 'config.invalid' })
          continue
        }
        expect(await vault.verify()).toEqual([
          { file: file.slice(folder.length + 1), what: 'the record does not open' },
        ])
        await expect(vault.get('x')).rejects.toMatchObject({ code: 'ledger.damaged' })
      }
      await writeFile(file, whole)
    }
  })

  it('notices records that changed places', async () => {
    const vault = await openVault({ folder, key })
    const before = new Set(await records())
    await vault.put('x', Buffer.from('of x'))
    const [ofX] = (await records()).filter(file => !before.has(file))
    before.add(ofX as string)
    await vault.put('y', Buffer.from('of y'))
    const [ofY] = (await records()).filter(file => !before.has(file))
    await writeFile(ofY as string, await readFile(ofX as string))
    const again = await openVault({ folder, key })
    expect(await again.verify()).toHaveLength(1)
    await expect(again.get('y')).rejects.toMatchObject({ code: 'ledger.damaged' })
  })
})

describe('createKeyRing', () => {
  it('makes a key once, finds it after a restart without loading, and erases it', async () => {
    const ring = createKeyRing(await openVault({ folder, key }))
    const [one, two] = await Promise.all([ring.obtain('session/s_1'), ring.obtain('session/s_1')])
    expect(one).toBe(two)
    const bytes = Buffer.from(one.bytes)
    expect(bytes).toHaveLength(32)

    const again = createKeyRing(await openVault({ folder, key }))
    expect(again.find('session/s_1')?.bytes).toEqual(bytes)
    expect(again.find('session/s_2')).toBeUndefined()
    await again.destroy('session/s_1')
    expect(again.find('session/s_1')).toBeUndefined()
    expect(createKeyRing(await openVault({ folder, key })).find('session/s_1')).toBeUndefined()
  })

  it('gives what is sealed after an erasure another key with another name, over a restart too', async () => {
    const ring = createKeyRing(await openVault({ folder, key }))
    const first = Buffer.from((await ring.obtain('subject/p_1')).bytes)
    await ring.destroy('subject/p_1')
    const second = await ring.obtain('subject/p_1')
    expect(second.name).toBe('subject/p_1~1')
    expect(second.bytes).not.toEqual(first)
    expect(ring.find('subject/p_1')).toBeUndefined()

    const again = createKeyRing(await openVault({ folder, key }))
    // Once more for the first erasure, as every start does: what came after it stays.
    await again.destroy('subject/p_1', 1)
    expect((await again.obtain('subject/p_1')).name).toBe('subject/p_1~1')
    expect(again.find('subject/p_1~1')?.bytes).toEqual(second.bytes)
    await again.destroy('subject/p_1', 2)
    expect(again.find('subject/p_1~1')).toBeUndefined()
    expect((await again.obtain('subject/p_1')).name).toBe('subject/p_1~2')
  })
})
