import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../kernel/ids.ts'
import type { SealKey } from '../ledger/log.ts'
import type { RunningLog } from '../ledger/running-log.ts'
import { type Scratch, scratchLog } from '../ledger/scratch-log.suite.ts'
import type { Item } from './batch.ts'
import { readActions, type RecordedEntry } from './read-actions.ts'
import { openSessionLog, type SessionLog } from './session-log.ts'
import type { SessionWriter } from './session-writer.ts'

let scratch: Scratch
let log: RunningLog
let sessions: SessionLog
const keys = new Map<string, SealKey>()
const ring = {
  find: (name: string) => keys.get(name),
  async obtain(name: string): Promise<SealKey> {
    const key = keys.get(name) ?? { name, bytes: Buffer.alloc(32, keys.size + 1) }
    keys.set(name, key)
    return key
  },
}

beforeEach(async () => {
  scratch = await scratchLog()
  log = await scratch.open({ segmentBytes: 4 * 1024 * 1024 })
  sessions = await openSessionLog(log, ring)
})
afterEach(async () => {
  await log.close()
  await scratch.remove()
})

async function begin(): Promise<SessionWriter> {
  return sessions.begin({
    session: newId('session'),
    grant: 'g_1',
    person: 'p_1',
    target: 'orders-db',
    protocol: 'postgres',
    scope: 'repair',
    evidence: 'before',
    remote: '127.0.0.1',
    application: 'test',
  })
}

async function read(writer: SessionWriter): Promise<RecordedEntry[]> {
  const entries: RecordedEntry[] = []
  for await (const entry of readActions(sessions, writer.session)) entries.push(entry)
  return entries.slice(1)
}

const action = (n: number, text = `select ${n}`): Item => ({
  type: 'action',
  t: 1,
  outcome: 'allowed',
  data: { n },
  payload: { text },
})
const result = (n: number): Item => ({
  type: 'result',
  t: 2,
  outcome: 'done',
  data: { n, rows: 1, bytes: 10 },
})

describe('the writer of a session', () => {
  it('what is waited for is durable when it resolves, with everything noted before it, in one entry', async () => {
    const writer = await begin()
    writer.note(result(1))
    const length = log.length
    const waiting = writer.record(action(2))
    expect(log.length).toBe(length)
    await waiting
    expect(log.length).toBe(length + 1)
    // Durable entries can be read; others cannot.
    await expect(log.read(length)).resolves.toMatchObject({ type: 'batch', src: writer.session })
    expect((await read(writer)).map(({ type, data }) => [type, data.n])).toEqual([
      ['result', 1],
      ['action', 2],
    ])
  })

  it('sessions that speak in one turn share an append and wait for it together', async () => {
    const writers = await Promise.all(Array.from({ length: 20 }, begin))
    const length = log.length
    await Promise.all(writers.map((writer, n) => writer.record(action(n))))
    expect(log.length).toBe(length + writers.length)
    for (const [n, writer] of writers.entries())
      expect((await read(writer)).map(({ data }) => data.n)).toEqual([n])
  })

  it('a text too long to share takes the noted along and keeps the order, and who waits for those waits for it', async () => {
    const writer = await begin()
    const first = writer.record(action(1))
    const second = writer.record(action(2, 'x'.repeat(100_000)))
    const third = writer.record(action(3))
    await first
    // The first was taken into the append of the second; it must not be said to be durable before that is.
    expect((await read(writer)).map(({ data }) => data.n)).toContain(1)
    await Promise.all([second, third])
    const entries = await read(writer)
    expect(entries.map(({ data }) => data.n)).toEqual([1, 2, 3])
    expect(entries[1]?.payload).toMatchObject({ text: 'x'.repeat(100_000) })
  })

  it('a text of many frames is in several appends, the entry that needs it in the last, and reads back whole', async () => {
    const writer = await begin()
    const text = '\u0001é€😀'.repeat(400_000)
    const waiting = writer.record(action(1, text))
    expect(log.length).toBeGreaterThan(60)
    await waiting
    const [entry] = await read(writer)
    expect(entry?.payload).toEqual({ text })
    await writer.record(action(2))
    expect((await read(writer)).map(({ data }) => data.n)).toEqual([1, 2])
  })

  it('property: whatever is said in whatever order reads back in that order and counts once', async () => {
    const said = fc.record({ waited: fc.boolean(), long: fc.nat(20), pause: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 200 }), async all => {
        const writer = await begin()
        const waiting: Promise<unknown>[] = []
        for (const [n, { waited, long, pause }] of all.entries()) {
          const item = action(n, long === 0 ? 'y'.repeat(60_000) : `select ${n}`)
          if (waited) waiting.push(writer.record(item))
          else writer.note(item)
          if (pause) await new Promise(resolve => setImmediate(resolve))
        }
        await Promise.all(waiting)
        await writer.close({ reason: 'client' })
        const entries = await read(writer)
        expect(entries.slice(0, -1).map(({ data }) => data.n)).toEqual(all.map((_, n) => n))
        expect(entries.at(-1)?.type).toBe('session.closed')
        expect(sessions.index.get(writer.session)?.actions).toBe(all.length)
      }),
      { numRuns: 15 },
    )
  })

  it('what cannot be written is told to who waits and to the session', async () => {
    const writer = await begin()
    const lost: unknown[] = []
    writer.onLost(error => lost.push(error))
    await log.close()
    await expect(writer.record(action(1))).rejects.toMatchObject({ code: 'ledger.failed' })
    expect(lost).toHaveLength(1)
  })
})
