import { describe, expect, it } from 'vitest'
import type { Action, Objection } from '../../src/target/action.ts'
import { frame, type Frame } from './frames.ts'
import { Random } from './random.ts'
import { SlowEvidence, Witness } from './witness.ts'

const REFUSED: Objection = { rule: 'unknown_statement', what: 'a statement nobody prepared', next: '' }

const action = (kind: string, objections: readonly Objection[] = []): Action => ({
  kind,
  verbs: [],
  writes: false,
  objections,
})
const message = (tag: string, ...texts: string[]): Frame => ({
  tag,
  bytes: frame(tag, Buffer.from(`${texts.join('\0')}\0`)),
})
const bind = message('B', '', 'S_1')
const execute = message('E', '')
const standIn = message('P', 'breakglass', 'breakglass refused this statement')

/** Everything is on record and durable before the target sees the first of it. */
function witnessOf(...actions: readonly Action[]): {
  readonly witness: Witness
  readonly done: (seq: number) => void
} {
  const evidence = new SlowEvidence(new Random(1), [])
  for (const [at, each] of actions.entries()) {
    void evidence.submit(each)
    evidence.durable.add(at + 1)
  }
  return {
    witness: new Witness(evidence),
    done: seq => evidence.finish(seq, { rows: 0, bytes: 0, ms: 1, cut: false }),
  }
}

describe('the witness of mutated messages', () => {
  it('an Execute before what stands in for a refused Bind is that of the Bind before', () => {
    const { witness, done } = witnessOf(action('bind'), action('bind', [REFUSED]), action('execute'))
    for (const each of [bind, execute, standIn, execute]) witness.see(each)
    done(1)
    done(3)
    witness.check()
    expect([...witness.seen]).toEqual([1, 2, 3])
  })

  it('an Execute behind a refused Bind that was discarded is the one on record', () => {
    const { witness, done } = witnessOf(action('bind'), action('bind', [REFUSED]), action('execute'))
    for (const each of [bind, execute]) witness.see(each)
    done(1)
    done(3)
    witness.check()
    expect([...witness.seen]).toEqual([1, 3])
  })

  it('an Execute on record that was dropped with the session is not the one of the Bind before', () => {
    const { witness, done } = witnessOf(action('bind'), action('execute'))
    for (const each of [bind, execute]) witness.see(each)
    done(1)
    witness.check()
    done(2)
    witness.check()
  })

  it('what is on record for neither reading is an alarm', () => {
    const { witness } = witnessOf(action('bind'), action('bind', [REFUSED]), action('execute'))
    for (const each of [bind, execute, standIn]) witness.see(each)
    expect(() => witness.see(standIn)).toThrow('not on record')
    expect(() => witness.see(message('Q', 'select 1'))).toThrow('not on record')
  })

  it('what arrives before its action is durable is an alarm', () => {
    const evidence = new SlowEvidence(new Random(1), [])
    void evidence.submit(action('bind'))
    evidence.durable.clear()
    expect(() => new Witness(evidence).see(bind)).toThrow('before its action 1 was durable')
  })

  it('a good outcome of what no reading saw is an alarm', () => {
    const { witness, done } = witnessOf(action('bind'), action('execute'))
    witness.see(bind)
    done(1)
    done(2)
    expect(() => witness.check()).toThrow('never reached the target')
  })
})
