import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRealJournal, type RealJournal, temporaryFolder } from '../../test/support/real-journal.ts'
import { newId } from '../kernel/ids.ts'
import type { SealKey } from '../ledger/log.ts'
import type { RunningLog } from '../ledger/running-log.ts'
import { type Scratch, scratchLog } from '../ledger/scratch-log.suite.ts'
import type { JournalEvent } from '../journal/slice.ts'
import type { RecordedEntry } from './read-actions.ts'
import { createRecordings, type Reader, type Recordings } from './recordings.ts'
import { openSessionLog, type SessionLog } from './session-log.ts'
import type { SessionWriter } from './session-writer.ts'

let scratch: Scratch
let log: RunningLog
let sessions: SessionLog
let journal: RealJournal
let folder: { path: string; remove(): Promise<void> }
let recordings: Recordings
let told: JournalEvent[]
let watching: AbortController

beforeEach(async () => {
  scratch = await scratchLog()
  log = await scratch.open({ segmentBytes: 4 * 1024 * 1024 })
  const keys = new Map<string, SealKey>()
  sessions = await openSessionLog(log, {
    find: name => keys.get(name),
    async obtain(name) {
      const key = keys.get(name) ?? { name, bytes: Buffer.alloc(32, keys.size + 1) }
      keys.set(name, key)
      return key
    },
  })
  folder = await temporaryFolder('watch')
  journal = await openRealJournal(folder.path, [])
  told = []
  journal.journal.subscribe(event => told.push(event))
  recordings = createRecordings(sessions, journal.journal)
  watching = new AbortController()
})
afterEach(async () => {
  watching.abort()
  await log.close()
  await journal.close()
  await scratch.remove()
  await folder.remove()
})

const begin = (): Promise<SessionWriter> =>
  sessions.begin({
    session: newId('session'),
    grant: 'g_1',
    person: 'p_ana',
    target: 'web-1',
    protocol: 'ssh',
    scope: 'ops',
    evidence: 'with',
    remote: '127.0.0.1',
    application: 'test',
  })

const auditor: Reader = { person: 'p_priya', mayRead: () => true }
const output = (n: number, text: string) => ({
  type: 'stream',
  t: Date.now(),
  data: { n },
  payload: { events: [[1, 'o', text]] },
})
const textOf = ({ payload }: RecordedEntry): unknown =>
  (payload as { events?: [[number, string, string]] }).events?.[0][2]

async function watch(writer: SessionWriter, reader = auditor) {
  return (await recordings.watch(reader, writer.session, watching.signal)).entries
}

async function take(entries: AsyncGenerator<RecordedEntry>): Promise<RecordedEntry> {
  const { value, done } = await entries.next()
  if (done === true) throw new Error('the view ended')
  return value
}

describe('watching a session', () => {
  it('tells what was, then what comes, in order and once, until it is closed', async () => {
    const writer = await begin()
    writer.note(output(1, 'before'))
    const entries = await watch(writer)
    expect((await take(entries)).type).toBe('session.opened')
    expect(textOf(await take(entries))).toBe('before')
    for (let round = 0; round < 5; round++) {
      const next = take(entries)
      writer.note(output(1, `live ${round}`))
      expect(textOf(await next)).toBe(`live ${round}`)
    }
    const rest = (async () => {
      const found: RecordedEntry[] = []
      for await (const entry of entries) found.push(entry)
      return found
    })()
    // Longer than an entry holds: what comes in parts is told whole.
    const long = 'x'.repeat(100_000)
    writer.note(output(1, long))
    writer.note(output(1, 'last'))
    await writer.close({ reason: 'client' })
    const found = await rest
    expect(found.map(({ type }) => type)).toEqual(['stream', 'stream', 'session.closed'])
    expect(textOf(found[0] as RecordedEntry)).toBe(long)
    expect(textOf(found[1] as RecordedEntry)).toBe('last')
  })

  it('is an event before anything is told (requirement 19)', async () => {
    const writer = await begin()
    await watch(writer)
    expect(told.map(({ type, data }) => [type, data.by, data.session])).toEqual([
      ['recording.watched', 'p_priya', writer.session],
    ])
  })

  it('attack 6: without the right is refused, and that is an event', async () => {
    const writer = await begin()
    const stranger: Reader = { person: 'p_ben', mayRead: () => false }
    await expect(watch(writer, stranger)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(recordings.watch(stranger, newId('session'), watching.signal)).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(told.map(({ type, outcome }) => [type, outcome])).toEqual([['recording.refused', 'refused']])
  })

  it('requirement 8: ends for somebody who loses the right, without what comes next', async () => {
    const writer = await begin()
    let may = true
    const entries = await watch(writer, { person: 'p_priya', mayRead: () => may })
    await take(entries)
    const next = take(entries)
    may = false
    writer.note(output(1, 'secret'))
    await expect(next).rejects.toMatchObject({ code: 'forbidden' })
    expect(told.at(-1)?.type).toBe('recording.refused')
  })

  it('one who does not ask for more holds up nobody, and finds everything later', async () => {
    const writer = await begin()
    const slow = await watch(writer)
    const fast = await watch(writer)
    await take(slow)
    await take(fast)
    for (let n = 0; n < 300; n++) writer.note(output(1, `piece ${n}`))
    await writer.record(output(1, 'end'))
    const read = async (entries: AsyncGenerator<RecordedEntry>) => {
      const texts: unknown[] = []
      while (texts.at(-1) !== 'end') texts.push(textOf(await take(entries)))
      return texts
    }
    const all = await read(fast)
    expect(all).toHaveLength(301)
    expect(await read(slow)).toEqual(all)
  })

  it('stops at the signal, also while nothing happens', async () => {
    const entries = await watch(await begin())
    await take(entries)
    const waiting = entries.next()
    watching.abort()
    expect(await waiting).toMatchObject({ done: true })
  })

  it('of one session is not told of another', async () => {
    const [mine, other] = [await begin(), await begin()]
    const entries = await watch(mine)
    await take(entries)
    const next = take(entries)
    await other.record(output(1, 'of another'))
    await mine.record(output(1, 'mine'))
    expect(textOf(await next)).toBe('mine')
  })
})
