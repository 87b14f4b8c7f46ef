import { describe, expect, it } from 'vitest'
import { until } from '../../../../test/support/wait.ts'
import type { Permit } from '../../../target/action.ts'
import { InOrder } from './in-order.ts'

const text = Buffer.from('firstsecondthird')
const yes = (seq: number): Permit => ({ forward: true, seq })

function stand() {
  const sent: string[] = []
  const taken: number[] = []
  let swallowed = 0
  let over = false
  const order = new InOrder(
    {
      toTarget: bytes => void sent.push(bytes.toString()),
      swallowed: bytes => void (swallowed += bytes),
    },
    () => over,
  )
  return {
    order,
    sent,
    taken,
    swallowed: () => swallowed,
    end: () => (over = true),
    decided: ({ forward, seq }: Permit) => {
      taken.push(seq)
      return forward
    },
  }
}

describe('bytes on their way to the target', () => {
  it('go at once when they may, neighbours together', () => {
    const { order, sent, decided } = stand()
    order.ask(yes(1), text, 0, 5, decided)
    order.pass(text, 5, 11)
    expect(order.settle()).toBeUndefined()
    expect(sent).toEqual(['firstsecond'])
  })

  it('keep their order behind what waits; what is refused is swallowed in its turn', async () => {
    const { order, sent, decided, swallowed } = stand()
    let give: (permit: Permit) => void = () => undefined
    order.ask(new Promise<Permit>(resolve => (give = resolve)), text, 0, 5, decided)
    order.ask({ forward: false, seq: 2 }, text, 5, 11, decided)
    order.pass(text, 11, 16)
    const settled = order.settle()
    expect(sent).toEqual([])
    give(yes(1))
    await settled
    expect(sent).toEqual(['first', 'third'])
    expect(swallowed()).toBe(6)
  })

  it('are taken as soon as they are permitted, whatever comes of those behind them', async () => {
    const { order, sent, taken, decided, end } = stand()
    let give: (permit: Permit) => void = () => undefined
    order.ask(Promise.resolve(yes(1)), text, 0, 5, decided)
    order.ask(new Promise<Permit>(resolve => (give = resolve)), text, 5, 11, decided)
    const settled = order.settle()
    await until(() => taken.length > 0)
    // The session ends before the second has its evidence: what was taken gets its result, nothing goes any more.
    end()
    give(yes(2))
    await settled
    expect([taken, sent]).toEqual([[1], []])
  })

  it('what fails is told, and nothing else of it is left unhandled', async () => {
    const { order, decided } = stand()
    order.ask(new Promise<Permit>(resolve => setTimeout(() => resolve(yes(1)), 5)), text, 0, 5, decided)
    order.ask(Promise.reject(new Error('disk')), text, 5, 11, decided)
    await expect(order.settle()).rejects.toThrow('disk')
  })
})
