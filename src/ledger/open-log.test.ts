import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Clock } from '../kernel/clock.ts'
import { nodeDisk } from '../store/file/node-disk.ts'
import { verifyConsistency } from './tree/consistency.ts'
import { verifyInclusion } from './tree/inclusion.ts'
import { openLocalSigner } from './signer/local-signer.ts'
import type { KeyRing, SealKey } from './log.ts'
import { type OpenLogOptions, openLog } from './open-log.ts'
import { Receipt } from './receipt.ts'

const ORIGIN = 'log.example/control'
const SEED = Buffer.alloc(32, 7)
const key: SealKey = { name: 'subject/p_1', bytes: randomBytes(32) }
const keys: KeyRing = { find: name => (name === key.name ? key : undefined) }

let folder: string
let wall = 1_700_000_000_000
const clock: Clock = { now: () => ({ wall, mono: performance.now(), boot: 'b' }) }

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bg-log-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function open(more: Partial<OpenLogOptions> = {}) {
  const signer = await openLocalSigner({ origin: ORIGIN, seed: SEED, disk: nodeDisk(join(folder, 'signer')) })
  return openLog({
    name: 'control',
    origin: ORIGIN,
    disk: nodeDisk(join(folder, 'log')),
    signer,
    clock,
    segmentBytes: 64 * 1024,
    publishEveryMs: 10,
    entryZero: { origin: ORIGIN },
    ...more,
  })
}

describe('openLog', () => {
  it('starts with entry 0 and reads back what was appended, also after a restart', async () => {
    const log = await open()
    expect((await log.read(0)).type).toBe('ledger.created')
    const pending = log.append([
      {
        type: 'grant.activated',
        src: 'control',
        subject: 'p_1',
        data: { minutes: 30 },
        payload: { reason: 'outage' },
        seal: key,
      },
      { type: 'grant.ended', src: 'control', data: {} },
    ])
    expect(pending.first).toBe(1)
    expect(pending.entries.map(entry => entry.sseq)).toEqual([0, 1])
    const receipts = await pending.signed()
    expect(receipts.map(receipt => Receipt.is(receipt))).toEqual([true, true])
    expect(await log.payload(1, keys)).toEqual({ reason: 'outage' })
    const head = log.head()
    expect(head.size).toBe(3)
    await log.close()

    const again = await open()
    expect(again.length).toBe(3)
    expect(again.head()).toEqual(head)
    expect(await again.read(1)).toEqual(pending.entries[0])
    await again.close()
  })

  it('proves every entry and every growth over several segments and tiles', async () => {
    const log = await open({ signEveryMs: 20 })
    const heads = [log.head()]
    for (let round = 0; round < 60; round += 1) {
      await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          log.append([{ type: 'action', src: `s_${i}`, data: { round } }]).durable(),
        ),
      )
      if (round % 13 === 0) await log.append([{ type: 'mark', src: 'control', data: {} }]).signed()
      heads.push(log.head())
    }
    await log.close()
    const again = await open()
    const head = again.head()
    expect(head.size).toBe(606)
    let index = 0
    for await (const entry of again.entries(0)) {
      expect(entry.index).toBe(index)
      const proof = await again.inclusion(index)
      expect(verifyInclusion(entry.leafHash, index, head.size, head.root, proof)).toBe(true)
      index += 1
    }
    expect(index).toBe(606)
    for (const old of heads) {
      const proof = await again.consistency(old.size)
      expect(verifyConsistency(old.size, head.size, old.root, head.root, proof)).toBe(true)
    }
    await again.close()
  })
})
