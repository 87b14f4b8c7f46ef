import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../kernel/ids.ts'
import type { SealKey } from '../ledger/log.ts'
import type { RunningLog } from '../ledger/running-log.ts'
import { type Scratch, scratchLog } from '../ledger/scratch-log.suite.ts'
import { readActions, type RecordedEntry } from '../recording/read-actions.ts'
import { openSessionLog, type SessionLog } from '../recording/session-log.ts'
import type { SessionWriter } from '../recording/session-writer.ts'
import type { Action, SessionEnd } from '../target/action.ts'
import { OPEN_RULES } from '../target/recording-guard.suite.ts'
import { SessionGuard } from './session-guard.ts'

const EXPIRED: SessionEnd = { reason: 'expired', text: 'over' }
const action = (text: string, more: Partial<Action> = {}): Action => ({
  kind: 'exec',
  verbs: [],
  writes: true,
  text,
  objections: [],
  ...more,
})

describe('an action whose session ends while it waits for its evidence', () => {
  let scratch: Scratch
  let log: RunningLog
  let sessions: SessionLog
  let writer: SessionWriter
  let guard: SessionGuard

  beforeEach(async () => {
    scratch = await scratchLog()
    log = await scratch.open({ segmentBytes: 4 * 1024 * 1024 })
    const key: SealKey = { name: 'g_1', bytes: Buffer.alloc(32, 1) }
    sessions = await openSessionLog(log, { find: () => key, obtain: async () => key })
    writer = await sessions.begin({
      session: newId('session'),
      grant: 'g_1',
      person: 'p_1',
      target: 'web-1',
      protocol: 'ssh',
      scope: 'deploy',
      evidence: 'before',
      remote: '127.0.0.1',
      application: 'test',
    })
    const now = { wall: 1, mono: 1, boot: 'b' }
    guard = new SessionGuard({
      rules: { ...OPEN_RULES, evidence: 'before' },
      writer,
      clock: { now: () => now },
      now,
      evidenceFailed: error => {
        throw error
      },
      connection: () => undefined,
    })
  })
  afterEach(async () => {
    await log.close()
    await scratch.remove()
  })

  const read = async (): Promise<readonly RecordedEntry[]> => {
    await writer.close({ reason: 'expired' })
    const entries: RecordedEntry[] = []
    for await (const entry of readActions(sessions, writer.session)) entries.push(entry)
    return entries
  }
  const results = (entries: readonly RecordedEntry[]) =>
    entries.filter(({ type }) => type === 'result').map(({ data }) => [data.n, data.error])

  it.each(['the session ends', 'the relay is over'])(
    '%s: it never went on, and the record says so',
    async how => {
      await guard.submit(action('went on'))
      guard.finish(1, { rows: 0, bytes: 0, ms: 1, cut: false })
      const waiting = [guard.submit(action('waits')), guard.submit(action('too'))]
      const refused = guard.submit(action('refused', { objections: [{ rule: 'never', what: '', next: '' }] }))
      const stopped = guard.submit(action('stop', { narrows: true }))
      if (how === 'the session ends') guard.end(EXPIRED)
      else guard.over()
      guard.over()
      for (const permit of waiting)
        expect(await permit).toMatchObject({ forward: false, refusal: { rule: 'ended' } })
      expect(await refused).toMatchObject({ forward: false, refusal: { rule: 'never' } })
      expect(await stopped).toMatchObject({ forward: true })
      expect(await guard.submit(action('later'))).toMatchObject({ refusal: { rule: 'ended' } })
      expect(await guard.stream(1, [[1, 'i', 'x']], 'before')).toBe(false)
      guard.end(EXPIRED)
      const entries = await read()
      expect(entries.filter(({ type }) => type === 'action')).toHaveLength(5)
      expect(results(entries)).toEqual([
        [1, undefined],
        [2, 'not_forwarded'],
        [3, 'not_forwarded'],
      ])
      expect(entries.at(-1)?.type).toBe('session.closed')
    },
  )

  it('what was permitted before is for the protocol to finish', async () => {
    expect(await guard.submit(action('runs'))).toMatchObject({ forward: true })
    guard.end(EXPIRED)
    guard.finish(1, { rows: 0, bytes: 3, ms: 1, cut: false, error: { code: 'exit_255', message: '' } })
    expect(results(await read())).toEqual([[1, 'exit_255']])
  })
})
