import { afterAll, describe, expect, it } from 'vitest'
import {
  total,
  walkCuts,
  type Walked,
  walkFailures,
  walkFull,
  walkKills,
  walkRecoveries,
  WHOLE,
} from '../../src/ledger/crash-walks.suite.ts'
import { GUARDED, walkDeaths } from '../../src/ledger/guarded-walk.suite.ts'

/** Many frames and segments, signed as soon as durable and later, and entries enough for a full tile and bundle. */
const WORKS = {
  'many frames': { calls: 14, entries: 3, text: 300, signEveryMs: 0 },
  'signed later': { calls: 8, entries: 3, text: 100, signEveryMs: 5 },
  'full tiles': { calls: 5, entries: 18, text: 40, signEveryMs: 0 },
} as const
const SIGNED = { ...WHOLE, signer: GUARDED }
const SMALL = { calls: 3, entries: 4, text: 100, signEveryMs: 0 } as const

describe('simulated crashes', () => {
  const walks: Walked[] = []
  const walk = async (name: string, run: () => Promise<Walked>): Promise<void> => {
    const walked = await run()
    walks.push(walked)
    say(name, walked)
    expect(walked.wrong).toEqual([])
  }

  it.each(Object.entries(WORKS))('a power cut before any operation: %s', (name, work) =>
    walk(`cuts, ${name}`, () => walkCuts(work, 6)),
  )

  it('a power cut during recovery, and during the recovery from that', () =>
    walk('cuts of recoveries', () => walkRecoveries(SMALL, 60, 40)))

  it.each(Object.entries(WORKS))('a kill before any operation, then a power cut: %s', (name, work) =>
    walk(`kills, ${name}`, () => walkKills(work)),
  )

  it('EIO at any operation', () => walk('EIO', () => walkFailures(WORKS['signed later'])))

  it('ENOSPC from any operation on', () => walk('ENOSPC', () => walkFull(WORKS['many frames'])))

  it('with the signer behind a connection: a power cut before any operation of either', () =>
    walk('guarded, cuts', () => walkCuts(WORKS['signed later'], 4, SIGNED)))

  it('with the signer behind a connection: a power cut during recovery', () =>
    walk('guarded, cuts of recoveries', () => walkRecoveries(SMALL, 30, 20, SIGNED)))

  it('with the signer behind a connection: EIO at any operation of either', () =>
    walk('guarded, EIO', () => walkFailures(SMALL, SIGNED)))

  it('with the signer behind a connection: ENOSPC from any operation on', () =>
    walk('guarded, ENOSPC', () => walkFull(SMALL, SIGNED)))

  it.each(['signer', 'log'] as const)('the %s alone is killed before any of its operations', who =>
    walk(`guarded, ${who} killed`, () => walkDeaths(SMALL, who)),
  )

  afterAll(() => say('all', total(walks)))
})

function say(name: string, { points, outcomes, judged, wrong }: Walked): void {
  console.log(
    `${name}: ${points} crash points, ${outcomes} outcomes, ${judged} starts judged, ${wrong.length} broken promises`,
  )
}
