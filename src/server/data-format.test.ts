import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeFormat, encodeFormat, FORMAT_FILE, readFormat, writeFormat } from './data-format.ts'

let data: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'bg-format-'))
})
afterEach(() => rm(data, { recursive: true }))

const NAMED = {
  v: 1,
  name: 'after-the-fire',
  keys: { control: 'breakglass/acme/after-the-fire/control+1+A' },
  former: [{ log: 'control', origin: 'breakglass/acme/control', size: 40 }],
}

describe('the format of the data directory', () => {
  it('is 1 where nothing says so, and what was written afterwards', async () => {
    expect(await readFormat(data)).toEqual({ v: 1, former: [] })
    for (const format of [{ v: 1, former: [] }, NAMED]) {
      await writeFormat(data, format)
      expect(await readFormat(data)).toEqual(format)
    }
  })

  it('only goes forward: a later one is refused, with the number', async () => {
    await writeFile(join(data, FORMAT_FILE), '{"v":2,"something":"new"}\n')
    await expect(readFormat(data)).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('has format 2; this version reads 1'),
    })
  })

  it('with any byte changed is damaged, a later one, or none that says the same', async () => {
    const bytes = encodeFormat(NAMED)
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x04
      expect(decodeFormat(changed), `byte ${at}`).not.toEqual(NAMED)
    }
    await writeFile(join(data, FORMAT_FILE), '{"v":1}')
    await expect(readFormat(data)).rejects.toMatchObject({ code: 'ledger.damaged' })
  })
})
