import fc from 'fast-check'
import { expect, it } from 'vitest'
import { happenings, type Manners, type Step } from './happenings.suite.ts'
import { playSession } from './play.suite.ts'

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
  runs: number,
  judge: (played: Awaited<ReturnType<typeof playSession>>, cut: number | undefined) => void,
): Promise<void> {
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(stepsOf(manners), fc.boolean(), cuts, async (steps, held, cut) => {
      const played = await playSession(steps, held, cut)
      for (const [what, times] of played.seen) seen.set(what, (seen.get(what) ?? 0) + times)
      judge(played, cut)
    }),
    { numRuns: runs },
  )
  for (const what of ['exec', 'shell', 'data', 'eof', 'close', 'window_adjust'])
    expect(seen.get(`to the target: ${what}`), what).toBeGreaterThan(0)
  for (const what of ['confirmation', 'open_failure', 'success', 'failure', 'data', 'extended_data', 'open'])
    expect(seen.get(`to the client: ${what}`), what).toBeGreaterThan(0)
}

/** What holds in `runs` sessions of each kind, whatever happens in them. */
export function whateverHappens(runs: number): void {
  it('of a client and a target that keep the protocol go on, and leave nothing behind', () =>
    play('both keep it', runs, ({ end, faults, left }, cut) => {
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
      play(manners, runs, ({ end, faults }) => {
        // What is said to somebody who broke the protocol follows no protocol any more.
        expect(faults.filter(fault => !fault.startsWith(`to ${name}:`))).toEqual([])
        expect(end.cause).toBeUndefined()
      }),
  )
}
