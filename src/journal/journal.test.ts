import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import type { Disk } from '../ledger/disk.ts'
import { openLocalSigner } from '../ledger/signer/local-signer.ts'
import type { SealKey } from '../ledger/log.ts'
import { openLog } from '../ledger/open-log.ts'
import { nodeDisk } from '../store/file/node-disk.ts'
import type { Journal } from './journal.ts'
import { openJournal } from './open-journal.ts'
import { startReactor } from './reactor.ts'
import type { Slice } from './slice.ts'

const ORIGIN = 'breakglass/test/control'

interface Account {
  readonly balance: number
}

/** Never below zero: the rule that only holds if decisions see what was accepted before them. */
const accounts: Slice<Account> = {
  name: 'accounts',
  keys: event => (event.type === 'moved' ? [event.data.account as string] : []),
  evolve: (account, event) => ({ balance: (account?.balance ?? 0) + (event.data.by as number) }),
  hot: account => account.balance > 0,
}

let folder: string
let full = false
let wall = 1_700_000_000_000
const clock: Clock = { now: () => ({ wall: wall++, mono: performance.now(), boot: 'b' }) }

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bg-journal-'))
  full = false
})
afterEach(() => rm(folder, { recursive: true }))

/** The real disk, except that no file can grow while `full`: what was preallocated stays writable. */
function fillable(disk: Disk): Disk {
  return {
    ...disk,
    open: async path => {
      const file = await disk.open(path)
      return {
        size: () => file.size(),
        read: (offset, length) => file.read(offset, length),
        sync: () => file.sync(),
        close: () => file.close(),
        write: async (offset, bytes) => {
          if (full && offset + bytes.length > (await file.size()))
            throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
          await file.write(offset, bytes)
        },
      }
    },
  }
}

async function open() {
  const signer = await openLocalSigner({
    origin: ORIGIN,
    seed: Buffer.alloc(32, 7),
    disk: nodeDisk(join(folder, 'signer')),
  })
  const log = await openLog({
    name: 'control',
    origin: ORIGIN,
    disk: fillable(nodeDisk(join(folder, 'log'))),
    signer,
    clock,
    segmentBytes: 64 * 1024,
    entryZero: {},
  })
  const made = new Map<string, SealKey>()
  const keys = {
    find: (name: string) => made.get(name),
    obtain: async (name: string) => {
      const key = made.get(name) ?? { name, bytes: randomBytes(32) }
      made.set(name, key)
      return key
    },
  }
  try {
    const journal = await openJournal({ log, keys, clock, slices: [accounts] as readonly Slice<unknown>[] })
    return { log, journal, made }
  } catch (error) {
    await log.close()
    throw error
  }
}

function move(journal: Journal, account: string, by: number): Promise<unknown> {
  return journal.execute(state => {
    const after = (state.get(accounts, account)?.balance ?? 0) + by
    if (after < 0) return new Fault('conflict', 'not enough')
    return { events: [{ type: 'moved', data: { account, by } }], result: after }
  })
}

describe('the journal', () => {
  it('is not opened over an event that is another than the signed one, although a snapshot lets the log open', async () => {
    const { journal, log } = await open()
    for (let n = 0; n < 300; n += 1) await move(journal, 'a', 1)
    await log.close()
    const file = join(folder, 'log', 'segments', '00000000.seg')
    const bytes = await readFile(file)
    const at = bytes.indexOf('"account":"a","by":1', 40_000) + '"account":"a","by":'.length
    bytes[at] = '9'.charCodeAt(0)
    await writeFile(file, bytes)
    await expect(open()).rejects.toMatchObject({
      code: 'ledger.damaged',
      facts: { log: 'control', file: 'segments/00000000.seg' },
    })
  })

  it('decides on everything accepted before, whether or not it is on disk yet', async () => {
    const { journal, log } = await open()
    const results = await Promise.allSettled([
      move(journal, 'a', 5),
      move(journal, 'a', -3),
      move(journal, 'a', -3),
      move(journal, 'a', -2),
    ])
    expect(results.map(result => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(journal.state.get(accounts, 'a')).toEqual({ balance: 0 })
    await log.close()
  })

  it('shows readers and subscribers nothing before it is signed', async () => {
    const { journal, log } = await open()
    const seen: number[] = []
    journal.subscribe(event => {
      seen.push(event.index)
      expect(log.head().size).toBeGreaterThan(event.index)
      expect(journal.state.get(accounts, 'a')).toBeDefined()
    })
    const moving = move(journal, 'a', 1)
    expect(journal.state.get(accounts, 'a')).toBeUndefined()
    await moving
    expect(seen).toEqual([1])
    await log.close()
  })

  it('folds to the same state after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ account: fc.constantFrom('a', 'b', 'c'), by: fc.integer({ min: -4, max: 4 }) }),
          { maxLength: 30 },
        ),
        async moves => {
          await rm(folder, { recursive: true, force: true })
          const first = await open()
          const model = new Map<string, number>()
          const outcomes = await Promise.allSettled(
            moves.map(({ account, by }) => move(first.journal, account, by)),
          )
          moves.forEach(({ account, by }, index) => {
            const after = (model.get(account) ?? 0) + by
            expect(outcomes[index]?.status).toBe(after < 0 ? 'rejected' : 'fulfilled')
            if (after >= 0) model.set(account, after)
          })
          await first.log.close()
          const second = await open()
          for (const [account, balance] of model)
            expect(second.journal.state.get(accounts, account)).toEqual({ balance })
          expect([...second.journal.state.hot(accounts)].length).toBe(
            [...model.values()].filter(balance => balance > 0).length,
          )
          await second.log.close()
        },
      ),
      { numRuns: 15 },
    )
  })

  it('takes back what a full disk refused, and goes on when there is room', async () => {
    const { journal, log } = await open()
    await move(journal, 'a', 1)
    full = true
    // Far more than one segment, so that a new one has to be allocated.
    const big = 'x'.repeat(20_000)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        journal.execute(state => ({
          events: [{ type: 'moved', data: { account: 'a', by: 1, big } }],
          result: state.get(accounts, 'a')?.balance,
        })),
      ),
    )
    const kept = outcomes.filter(outcome => outcome.status === 'fulfilled').length
    expect(kept).toBeLessThan(20)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect((outcome.reason as Fault).code).toBe('ledger.full')
    }
    expect(journal.state.get(accounts, 'a')).toEqual({ balance: 1 + kept })
    full = false
    await expect.poll(() => log.trouble).toBeUndefined()
    await move(journal, 'a', 1)
    expect(journal.state.get(accounts, 'a')).toEqual({ balance: 2 + kept })
    await log.close()
    const again = await open()
    expect(again.journal.state.get(accounts, 'a')).toEqual({ balance: 2 + kept })
    await again.log.close()
  })

  it('seals the personal part; a destroyed key erases it and changes no decision', async () => {
    const { journal, log, made } = await open()
    const { events } = await journal.execute(() => ({
      events: [{ type: 'moved', data: { account: 'a', by: 1 }, payload: { reason: 'rent' }, seal: 'p_ana' }],
      result: undefined,
    }))
    const index = events[0]?.index ?? -1
    expect(await journal.payload(index)).toEqual({ reason: 'rent' })
    const raw = (await log.read(index)).bytes.toString()
    expect(raw).not.toContain('rent')
    made.clear()
    await expect(journal.payload(index)).rejects.toMatchObject({ code: 'evidence.erased' })
    expect(journal.state.get(accounts, 'a')).toEqual({ balance: 1 })
    await log.close()
  })
})

describe('a reactor', () => {
  it('handles what is owed at start, on events and again after a failure, never the same thing twice at once', async () => {
    const { journal, log } = await open()
    await move(journal, 'a', 2)
    let failures = 1
    let running = 0
    const handled: string[] = []
    const reactor = startReactor<{ account: string }>({
      name: 'payer',
      journal,
      *due(state) {
        for (const account of ['a', 'b'])
          if ((state.get(accounts, account)?.balance ?? 0) > 0) yield { account }
      },
      key: item => item.account,
      async handle({ account }) {
        expect(++running).toBeLessThanOrEqual(2)
        try {
          if (account === 'b' && failures-- > 0) throw new Error('not yet')
          handled.push(account)
          await move(journal, account, -1)
        } finally {
          running--
        }
      },
      onError: () => undefined,
    })
    await move(journal, 'b', 1)
    await expect.poll(() => journal.state.get(accounts, 'b')?.balance).toBe(0)
    await expect.poll(() => journal.state.get(accounts, 'a')?.balance).toBe(0)
    expect(handled.filter(account => account === 'a')).toHaveLength(2)
    expect(handled.filter(account => account === 'b')).toHaveLength(1)
    reactor.stop()
    await log.close()
  })
})
