import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/server/system-clock.ts'
import { openStore } from '../../src/server/open-store.ts'
import { failingDisk } from './failing-disk.suite.ts'

const probe = await failingDisk()
await probe?.remove()

describe.skipIf(probe === undefined)('a start on a file system that is read-only', () => {
  let disk: Awaited<ReturnType<typeof failingDisk>>
  beforeAll(async () => {
    disk = await failingDisk()
  })
  afterAll(() => disk?.remove())

  it('is refused in words', async () => {
    if (disk === undefined) throw new Error('it could be mounted before')
    disk.fail()
    const config = {
      organisation: 'acme',
      data: disk.folder,
      keys: join(disk.folder, 'keys'),
      signer: join(disk.folder, 'signer'),
      ledger: {
        segmentBytes: 65_536,
        signer: { kind: 'in_process' as const },
        witnesses: undefined,
        anchors: undefined,
      },
    }
    await expect(openStore({ config, clock: systemClock(), version: '0' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('read-only') as string,
      next: expect.stringContaining('mount it writable') as string,
    })
  })
})
