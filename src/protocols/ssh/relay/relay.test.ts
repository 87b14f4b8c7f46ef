import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { happenings, type Manners, type Step } from './played/happenings.suite.ts'
import { playSession } from './played/play.suite.ts'

/** `RUNS=40000` looks longer. */
const RUNS = Number(process.env['RUNS'] ?? 500)

const stepsOf = (manners: Manners): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      what: fc.constantFrom(...happenings(manners)),
      pick: fc.nat(31),
      size: fc.nat(2_000),
      yes: fc.boolean(),
    }),
    { maxLength: 200, size: 'max' },
  )

/** Most sessions run to their end. */
const cuts = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(100) })

/** Plays sessions of such people until `judge` throws, and tells that enough happened in them. */
async function play(
  manners: Manners,
  judge: (played: Awaited<ReturnType<typeof playSession>>, cut: number | undefined) => void,
): Promise<void> {
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(stepsOf(manners), fc.boolean(), cuts, async (steps, held, cut) => {
      const played = await playSession(steps, held, cut)
      for (const [what, times] of played.seen) seen.set(what, (seen.get(what) ?? 0) + times)
      judge(played, cut)
    }),
    { numRuns: RUNS },
  )
  for (const what of ['exec', 'shell', 'data', 'eof', 'close', 'window_adjust'])
    expect(seen.get(`to the target: ${what}`), what).toBeGreaterThan(RUNS / 50)
  for (const what of ['confirmation', 'open_failure', 'success', 'failure', 'data', 'extended_data', 'open'])
    expect(seen.get(`to the client: ${what}`), what).toBeGreaterThan(RUNS / 50)
}

describe('sessions in which anything may happen in any order', () => {
  it('of a client and a target that keep the protocol go on, and leave nothing behind', () =>
    play('both keep it', ({ end, faults, left }, cut) => {
      expect(faults).toEqual([])
      expect(end.reason).toBe('revoked')
      if (cut === undefined) expect(left).toEqual([])
    }))

  it.each([
    ['the client', 'the client breaks it'],
    ['the target', 'the target breaks it'],
  ] as const)(
    'attack 13: %s may break it; nothing reaches the target without a permit, and each side hears what it may',
    (name, manners) =>
      play(manners, ({ end, faults }) => {
        // What is said to somebody who broke the protocol follows no protocol any more.
        expect(faults.filter(fault => !fault.startsWith(`to ${name}:`))).toEqual([])
        expect(end.cause).toBeUndefined()
      }),
  )
})

describe('a channel that is closed', () => {
  const step = (what: string, more: Partial<Step> = {}): Step => ({
    what,
    pick: 0,
    size: 0,
    yes: true,
    ...more,
  })
  const opened = ['client opens a session', 'target hears', 'target answers an opening', 'client hears']

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
    'attack 7: its number may be another one’s by now, so message %i of its client goes nowhere',
    async pick => {
      const steps = [...opened, 'client closes'].map(what => step(what))
      const { faults, seen } = await playSession([...steps, step('client is unruly', { pick })], false)
      expect(faults).toEqual([])
      expect([...seen].filter(([what]) => what.startsWith('to the target'))).toEqual([
        ['to the target: open', 1],
        ['to the target: env', 1],
        ['to the target: close', 1],
      ])
    },
  )

  it('says no more words of ours behind the end of the target’s data', async () => {
    const steps = [...opened, 'client starts', 'target hears', 'target ends its data', 'a notice']
    const { faults, seen } = await playSession(
      steps.map(what => step(what, { size: 1_999 })),
      false,
    )
    expect(faults).toEqual([])
    expect(seen.get('to the client: eof')).toBe(1)
    expect(seen.get('to the client: extended_data')).toBeUndefined()
  })
})
