import fc from 'fast-check'
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CREDENTIAL, createVaultKey, makeShares, readVaultKey, recoverKey } from './vault-key.ts'

let folder: string
let data: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bg-key-'))
  data = join(folder, 'data')
  file = join(folder, 'keys', 'vault-key')
})
afterEach(() => rm(folder, { recursive: true }))

describe('readVaultKey', () => {
  it('reads back the key file that was made, with mode 0600', async () => {
    const key = await createVaultKey({ file, data })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readVaultKey({ env: {}, file, data })).toEqual(key)
    await expect(createVaultKey({ file, data })).rejects.toMatchObject({ code: 'conflict' })
  })

  it('prefers the credential of the service manager', async () => {
    await createVaultKey({ file, data })
    const credentials = join(folder, 'credentials')
    await mkdir(credentials)
    await writeFile(join(credentials, CREDENTIAL), '11'.repeat(32))
    const key = await readVaultKey({ env: { CREDENTIALS_DIRECTORY: credentials }, file, data })
    expect(key).toEqual(Buffer.alloc(32, 0x11))
  })

  it.each([0o640, 0o604, 0o660, 0o666])('refuses a file of mode %o', async mode => {
    await createVaultKey({ file, data })
    await chmod(file, mode)
    await expect(readVaultKey({ env: {}, file, data })).rejects.toThrow(/can be read by others/)
  })

  it('refuses a key inside the data folder, a missing one and a malformed one', async () => {
    await expect(createVaultKey({ file: join(data, 'key'), data })).rejects.toThrow(/inside the data folder/)
    await expect(readVaultKey({ env: {}, file: join(data, 'sub', 'key'), data })).rejects.toThrow(
      /inside the data folder/,
    )
    await expect(readVaultKey({ env: {}, file, data })).rejects.toThrow(/no vault key/)
    await createVaultKey({ file, data })
    await writeFile(file, 'abc')
    await expect(readVaultKey({ env: {}, file, data })).rejects.toThrow(/not 64 hex digits/)
  })
})

describe('recovery shares', () => {
  it('rebuild the key from any threshold of them, and from no fewer', async () => {
    const of = fc.uint8Array({ minLength: 32, maxLength: 32 })
    await fc.assert(
      fc.asyncProperty(
        of,
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 0, max: 3 }),
        async (bytes, threshold, more) => {
          const key = Buffer.from(bytes)
          const shares = await makeShares(key, threshold + more, threshold)
          expect(await recoverKey(shares.slice(more))).toEqual(key)
          await expect(recoverKey(shares.slice(0, threshold - 1))).rejects.toMatchObject({
            code: 'input.invalid',
          })
        },
      ),
      { numRuns: 30 },
    )
  })

  it('are refused when too few claim to be enough, when mixed, and when changed', async () => {
    const one = await makeShares(Buffer.alloc(32, 1), 3, 3)
    const two = await makeShares(Buffer.alloc(32, 2), 3, 3)
    const lowered = one.slice(0, 2).map(share => share.replace('bgshare1-3-', 'bgshare1-2-'))
    await expect(recoverKey(lowered)).rejects.toThrow(/do not belong to one key/)
    await expect(recoverKey([one[0] as string, one[1] as string, two[2] as string])).rejects.toThrow(
      /do not belong/,
    )
    await expect(recoverKey([one[0] as string, one[0] as string, one[0] as string])).rejects.toThrow(
      /different shares/,
    )
    await expect(recoverKey(['abc'])).rejects.toThrow(/not a recovery share/)
  })
})
