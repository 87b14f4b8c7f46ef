import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRealJournal, type RealJournal, temporaryFolder } from '../../../test/support/real-journal.ts'
import { isSecurity } from '../../alert/alertable.ts'
import type { JournalEvent } from '../../journal/slice.ts'
import { knownSshKeys } from './known-keys.ts'
import type { SshKeyRing } from './key-ring.ts'
import { openSshKeys } from './open-keys.ts'

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
const start = (): Promise<SshKeyRing> => openSshKeys(keys(), real.journal)
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
    expect(events.map(({ type, data }) => [type, data])).toEqual([
      ['ssh.keys_made', { host: first.public.host, ca: first.public.ca }],
    ])
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
    expect([last?.type, last?.data]).toEqual([
      'ssh.keys_replaced',
      { host: after.public.host, ca: after.public.ca },
    ])
    expect(events.map(isSecurity)).toEqual([false, true])
  })

  it.each(['host', 'ca'] as const)(
    'the next %s is on record before it is shown, used by a switch, and nothing stays of the one before',
    async use => {
      const ring = await start()
      const { host, ca } = ring.public
      const old = { host, ca }
      await expect(ring.switchTo(use, 'p_mara')).rejects.toMatchObject({
        code: 'conflict',
        next: expect.stringContaining(`ssh-keys next ${use}`),
      })
      const both = await Promise.allSettled([ring.makeNext(use, 'p_mara'), ring.makeNext(use, 'p_mara')])
      expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
      await expect(ring.makeNext(use, 'p_mara')).rejects.toMatchObject({ code: 'conflict' })
      const next = ring.public.next[use]
      expect(ring.public).toEqual({ ...old, next: { [use]: next } })
      expect(statSync(file(`ssh-${use}.next.key`)).mode & 0o777).toBe(0o600)
      // A start in between changes nothing.
      expect((await start()).public).toEqual(ring.public)

      await ring.switchTo(use, 'p_mara')
      expect(ring.public).toEqual({ ...old, [use]: next, next: {} })
      expect(existsSync(file(`ssh-${use}.next.key`))).toBe(false)
      expect((await start()).public).toEqual(ring.public)
      expect(events.slice(1).map(({ type, data }) => [type, data])).toEqual([
        ['ssh.next_key_made', { ...old, [`next_${use}`]: next, by: 'p_mara' }],
        ['ssh.keys_replaced', { ...old, [use]: next, by: 'p_mara' }],
      ])
      expect(events.slice(1).every(isSecurity)).toBe(true)
    },
  )

  it.each(['host', 'ca'] as const)('a next %s is taken back, on record, and never comes again', async use => {
    const ring = await start()
    const { host, ca } = ring.public
    await expect(ring.withdraw(use, 'p_mara')).rejects.toMatchObject({ code: 'conflict' })
    await ring.makeNext(use, 'p_mara')
    const made = ring.public.next[use]
    const kept = readFileSync(file(`ssh-${use}.next.key`))
    await ring.withdraw(use, 'p_mara')
    expect(ring.public).toEqual({ host, ca, next: {} })
    expect(existsSync(file(`ssh-${use}.next.key`))).toBe(false)
    expect(events.at(-1)).toMatchObject({
      type: 'ssh.next_key_withdrawn',
      data: { host, ca, withdrawn: [made], by: 'p_mara' },
    })
    expect(events.slice(1).every(isSecurity)).toBe(true)

    // A withdrawal that broke off after the record left the file: the next start finishes it, and records nothing.
    writeFileSync(file(`ssh-${use}.next.key`), kept, { mode: 0o600 })
    const count = events.length
    const again = await start()
    expect(again.public).toEqual({ host, ca, next: {} })
    expect(existsSync(file(`ssh-${use}.next.key`))).toBe(false)
    expect(events).toHaveLength(count)
    // Another one may follow.
    await again.makeNext(use, 'p_mara')
    expect(again.public.next[use]).not.toBe(made)
  })

  it('a next key whose file somebody removed is on record as taken back', async () => {
    const ring = await start()
    await ring.makeNext('ca', 'p_mara')
    rmSync(file('ssh-ca.next.key'))
    expect((await start()).public.next).toEqual({})
    expect(events.at(-1)).toMatchObject({ type: 'ssh.next_key_withdrawn' })
  })

  it('a switch that broke off after the file was in place is finished and recorded by the next start', async () => {
    const ring = await start()
    await ring.makeNext('ca', 'p_mara')
    const { next } = ring.public
    renameSync(file('ssh-ca.next.key'), file('ssh-ca.key'))
    expect((await start()).public).toMatchObject({ ca: next.ca, next: {} })
    expect(events.at(-1)).toMatchObject({ type: 'ssh.keys_replaced', data: { ca: next.ca } })
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
