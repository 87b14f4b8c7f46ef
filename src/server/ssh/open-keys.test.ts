import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRealJournal, type RealJournal, temporaryFolder } from '../../../test/support/real-journal.ts'
import { isSecurity } from '../../alert/alertable.ts'
import type { JournalEvent } from '../../journal/slice.ts'
import { knownSshKeys } from './known-keys.ts'
import { openSshKeys, type SshKeys } from './open-keys.ts'

let temporary: Awaited<ReturnType<typeof temporaryFolder>>
let folder: string
let real: RealJournal
let events: JournalEvent[]
beforeEach(async () => {
  temporary = await temporaryFolder('ssh-keys')
  folder = temporary.path
  real = await openRealJournal(folder, [knownSshKeys])
  events = []
  real.journal.subscribe(event => void events.push(event))
})
afterEach(async () => {
  await real.close()
  await temporary.remove()
})

const keys = (): string => join(folder, 'keys')
const file = (name: string): string => join(keys(), name)
const start = (): Promise<SshKeys> => openSshKeys(keys(), real.journal)
const generate = (name: string, algorithm = 'ed25519'): void =>
  void execFileSync('openssl', ['genpkey', '-quiet', '-algorithm', algorithm, '-out', file(name)], {
    stdio: 'ignore',
  })

describe("the gateway's own SSH keys", () => {
  it('are made once, for the server alone, and on record', async () => {
    const first = await start()
    expect(first.public.host).toMatch(/^ssh-ed25519 [A-Za-z0-9+/]{68}$/)
    expect(first.public.ca).not.toBe(first.public.host)
    for (const name of ['ssh-host.key', 'ssh-ca.key']) {
      expect(statSync(file(name)).mode & 0o777).toBe(0o600)
      expect(readFileSync(file(name), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    }
    expect((await start()).public).toEqual(first.public)
    expect(events.map(({ type, data }) => [type, data])).toEqual([['ssh.keys_made', first.public]])
  })

  it.each(['ssh-host.key', 'ssh-ca.key'])(
    '%s is never made anew by itself once the log names it',
    async name => {
      const made = await start()
      rmSync(file(name))
      await expect(start()).rejects.toMatchObject({
        code: 'config.invalid',
        message: expect.stringContaining(name === 'ssh-ca.key' ? made.public.ca : made.public.host),
        next: expect.stringContaining(`-out ${file(name)}`),
      })
      expect(existsSync(file(name))).toBe(false)
    },
  )

  it('that an administrator has put in place are taken, recorded first, and told to security', async () => {
    const before = await start()
    rmSync(file('ssh-ca.key'))
    generate('ssh-ca.key')
    const after = await start()
    expect(after.public.host).toBe(before.public.host)
    expect(after.public.ca).not.toBe(before.public.ca)
    const last = events.at(-1)
    expect([last?.type, last?.data]).toEqual(['ssh.keys_replaced', after.public])
    expect(events.map(isSecurity)).toEqual([false, true])
  })

  it('are finished where a first start broke off between them', async () => {
    const { public: whole } = await start()
    const elsewhere = await openRealJournal(join(folder, 'other'), [knownSshKeys])
    rmSync(file('ssh-host.key'))
    const again = await openSshKeys(keys(), elsewhere.journal)
    expect(again.public.ca).toBe(whole.ca)
    expect(again.public.host).not.toBe(whole.host)
    await elsewhere.close()
  })

  it('are refused when others may read them, or when they are no ed25519 keys', async () => {
    await start()
    chmodSync(file('ssh-ca.key'), 0o640)
    await expect(start()).rejects.toMatchObject({ next: `Run \`chmod 600 ${file('ssh-ca.key')}\`.` })
    generate('ssh-ca.key', 'ed448')
    chmodSync(file('ssh-ca.key'), 0o600)
    await expect(start()).rejects.toMatchObject({ message: expect.stringContaining('no ed25519 key') })
    writeFileSync(file('ssh-ca.key'), 'rubbish')
    await expect(start()).rejects.toMatchObject({ message: expect.stringContaining('no ed25519 key') })
  })
})
