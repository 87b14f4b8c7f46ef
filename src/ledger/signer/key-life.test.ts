import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type KeyEvent, keyLives, keysCounting, keysSigning } from './key-life.ts'

/** The rule again, head by head and without lives: which keys sign after each entry, and what was taken back. */
function naive(events: readonly KeyEvent[], size: number): { counting: Set<string>; signing: Set<string> } {
  let signing = new Set<string>()
  const known = new Set<string>()
  const at = Array.from({ length: size + 1 }, () => new Set<string>())
  const last = Math.max(size, ...events.map(({ index }) => index + 1))
  const banned: { vkey: string; since: number }[] = []
  for (let index = 0; index <= last; index += 1) {
    if (index <= size) for (const key of signing) at[index]?.add(key)
    for (const event of events.filter(one => one.index === index)) {
      const { kind, vkey } = event
      const others = [...signing].filter(key => key !== vkey)
      if (kind === 'began' && !known.has(vkey)) {
        signing = new Set([vkey])
        if (index <= size) at[index]?.add(vkey)
      }
      if (kind === 'added' && !known.has(vkey) && known.size > 0) signing.add(vkey)
      if (kind === 'began' || (kind === 'added' && known.size > 0)) known.add(vkey)
      if (!known.has(vkey) || others.length === 0) continue
      if (kind === 'retired' && signing.has(vkey)) {
        signing.delete(vkey)
        if (index + 1 <= size) at[index + 1]?.add(vkey)
      }
      if (kind === 'compromised') {
        if (signing.has(vkey) && index + 1 <= size) at[index + 1]?.add(vkey)
        signing.delete(vkey)
        banned.push({ vkey, since: event.since })
      }
    }
  }
  const counting = at[size] ?? new Set()
  for (const { vkey, since } of banned) if (size > since) counting.delete(vkey)
  return { counting, signing }
}

const key = fc.constantFrom('a', 'b', 'c', 'd')
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('began', 'added', 'retired'), vkey: key }),
  fc.record({ kind: fc.constant('compromised' as const), vkey: key, since: fc.nat(14) }),
)
const history = fc
  .array(fc.record({ step, gap: fc.integer({ min: 1, max: 3 }) }), { maxLength: 9 })
  .map((steps): readonly KeyEvent[] => {
    let index = -1
    return steps.map(({ step: one, gap }) => {
      index += gap
      return { ...one, index }
    })
  })

describe('the life of keys', () => {
  it('is what a walk over every head gives', () => {
    fc.assert(
      fc.property(history, fc.nat(30), (events, size) => {
        const lives = keyLives(events)
        const expected = naive(events, size)
        expect(new Set(keysCounting(lives, size))).toEqual(expected.counting)
        expect(new Set(keysSigning(lives))).toEqual(expected.signing)
      }),
      { numRuns: 3000 },
    )
  })

  it('never leaves a log that began without a key, and never lets one come back', () => {
    fc.assert(
      fc.property(history, more => {
        const events: KeyEvent[] = [
          { kind: 'began', index: 0, vkey: 'z' },
          ...more.map(one => ({ ...one, index: one.index + 1 })),
        ]
        const ended = new Set<string>()
        for (let count = 1; count <= events.length; count += 1) {
          const lives = keyLives(events.slice(0, count))
          expect(keysSigning(lives).length).toBeGreaterThan(0)
          for (const { vkey, until } of lives) {
            if (until !== undefined) ended.add(vkey)
            else expect(ended.has(vkey)).toBe(false)
          }
        }
      }),
    )
  })

  it('takes a rotation through overlap, retirement and a later compromise', () => {
    const events: KeyEvent[] = [
      { kind: 'began', index: 0, vkey: 'old' },
      { kind: 'added', index: 9, vkey: 'new' },
      { kind: 'retired', index: 19, vkey: 'old' },
    ]
    const lives = keyLives(events)
    expect(keysCounting(lives, 9)).toEqual(['old'])
    expect(keysCounting(lives, 10)).toEqual(['old', 'new'])
    expect(keysCounting(lives, 20)).toEqual(['old', 'new'])
    expect(keysCounting(lives, 21)).toEqual(['new'])
    const since = keyLives([...events, { kind: 'compromised', index: 30, vkey: 'old', since: 5 }])
    expect(keysCounting(since, 5)).toEqual(['old'])
    expect(keysCounting(since, 6)).toEqual([])
    expect(keysCounting(since, 15)).toEqual(['new'])
  })
})
