import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../kernel/ids.ts'
import type { SealKey } from '../ledger/log.ts'
import { type Scratch, scratchLog } from '../ledger/scratch-log.suite.ts'
import { openSessionLog, type SessionLog } from './session-log.ts'
import type { SessionWriter } from './session-writer.ts'

let scratch: Scratch
const key: SealKey = { name: 'session/s', bytes: Buffer.alloc(32, 5) }
const ring = { find: () => key, obtain: () => Promise.resolve(key) }

beforeEach(async () => {
  scratch = await scratchLog()
})
afterEach(() => scratch.remove())

const PART = 40

interface Life {
  readonly sessions: SessionLog
  readonly stop: (how: 'clean' | 'crash') => Promise<void>
}

async function start(): Promise<Life> {
  const log = await scratch.open()
  const sessions = await openSessionLog(log, ring, { partEntries: PART })
  return {
    sessions,
    async stop(how) {
      if (how === 'clean') await sessions.close()
      if (how === 'clean') await log.close()
      else await scratch.crash(log)
    },
  }
}

const begin = (sessions: SessionLog): Promise<SessionWriter> =>
  sessions.begin({
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

const say = (writer: SessionWriter, n: number): Promise<unknown> =>
  writer.record({ type: 'action', t: 1, outcome: 'allowed', data: { n, writes: n % 2 === 0 } })

/** What folding the whole log gives. */
async function folded(): Promise<unknown> {
  const kept = join(scratch.log, 'kept')
  await rm(kept, { recursive: true, force: true })
  const { sessions, stop } = await start()
  const all = [...sessions.index.all()].map(session => ({ ...session, ...sessions.index.span(session.id) }))
  await stop('clean')
  return all
}

describe('the kept index', () => {
  it('property: whatever sessions there were, and however it stopped, a start knows what folding the log gives', async () => {
    const life = fc.record({
      steps: fc.array(fc.nat(9), { minLength: 1, maxLength: 60 }),
      how: fc.constantFrom<'clean' | 'crash'>('clean', 'crash'),
    })
    await fc.assert(
      fc
        .asyncProperty(fc.array(life, { minLength: 1, maxLength: 3 }), async lives => {
          for (const { steps, how } of lives) {
            const { sessions, stop } = await start()
            const open: SessionWriter[] = []
            for (const [n, step] of steps.entries()) {
              const writer = open[n % Math.max(1, open.length)]
              if (step === 0 || writer === undefined) open.push(await begin(sessions))
              else if (step === 1) {
                open.splice(open.indexOf(writer), 1)
                await writer.close({ reason: 'client' })
              } else await say(writer, n)
            }
            await new Promise(resolve => setTimeout(resolve, 5))
            await stop(how)
          }
          const { sessions, stop } = await start()
          const all = [...sessions.index.all()].map(session => ({
            ...session,
            ...sessions.index.span(session.id),
          }))
          expect([...sessions.index.open()]).toEqual([])
          await stop('clean')
          expect(all).toEqual(await folded())
        })
        .afterEach(async () => {
          await scratch.remove()
          scratch = await scratchLog()
        }),
      { numRuns: 8 },
    )
  })

  it('is not read beyond a part that was changed, taken from elsewhere or lost, and is written anew', async () => {
    const { sessions, stop } = await start()
    for (let n = 0; n < 12; n += 1) {
      const writer = await begin(sessions)
      for (let i = 0; i < 12; i += 1) await say(writer, i)
      await writer.close({ reason: 'client' })
    }
    await stop('clean')
    const folder = join(scratch.log, 'kept')
    const names = await readdir(folder)
    expect(names.length).toBeGreaterThan(3)
    const second = join(folder, names[1] ?? '')
    const whole = await readFile(second)
    const first = await readFile(join(folder, names[0] ?? ''))
    const harms = [
      () => writeFile(second, whole.toString('utf8').replace('"g_1"', '"g_2"')),
      () => writeFile(second, first),
      () => rm(second),
    ]
    for (const harm of harms) {
      await harm()
      const again = await start()
      expect([...again.sessions.index.all()].map(({ grant, actions }) => [grant, actions])).toEqual(
        Array.from({ length: 12 }, () => ['g_1', 12]),
      )
      await again.stop('clean')
    }
    const { findings } = await scratch.verify()
    expect(findings).toEqual([])
    await writeFile(second, 'breakglass')
    expect((await scratch.verify()).findings).toEqual([
      { file: `kept/${names[1]}`, what: 'a kept file that is not whole' },
    ])
  })
})
