import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutwardWindow } from './window.ts'

/** What a client counts for itself: every byte it gets, whoever said it. */
class NaiveClient {
  left: number
  constructor(window: number) {
    this.left = window
  }
}

const step = fc.oneof(
  fc.record({ what: fc.constant('target' as const), bytes: fc.nat({ max: 70_000 }) }),
  fc.record({ what: fc.constant('ours' as const), bytes: fc.nat({ max: 20_000 }) }),
  fc.record({ what: fc.constant('adjust' as const), bytes: fc.nat({ max: 70_000 }) }),
)

describe('the window towards the client', () => {
  it('is never overrun, whatever target, gateway and client do', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 2_097_152 }),
        fc.boolean(),
        fc.array(step, { maxLength: 200 }),
        (window, answers, steps) => {
          const client = new NaiveClient(window)
          const outward = new OutwardWindow(window, answers)
          let target = outward.granted
          for (const { what, bytes } of steps) {
            if (what === 'target') {
              const sent = Math.min(bytes, target)
              target -= sent
              expect(outward.passed(sent)).toBe(true)
              client.left -= sent
            } else if (what === 'ours') {
              const said = Math.min(bytes, outward.free)
              outward.said(said)
              client.left -= said
            } else {
              client.left += bytes
              target += outward.adjust(bytes)
            }
            expect(client.left).toBeGreaterThanOrEqual(0)
            expect(outward.granted).toBe(target)
            expect(client.left - target).toBe(outward.free)
          }
        },
      ),
    )
  })

  it('leaves room for words of ours even when the target has used all it was given', () => {
    const outward = new OutwardWindow(2_097_152)
    outward.passed(outward.granted)
    expect(outward.free).toBe(262_144)
  })

  it.each([
    ['OpenSSH', 3 * 32_768, false],
    ['paramiko', 2_097_152 / 10, false],
    ['a client that waits until half is used', 2_097_152 / 2, true],
  ])('has room until %s grants more, though nothing comes from the target', (_who, takes, answers) => {
    const outward = new OutwardWindow(2_097_152, answers)
    expect(outward.free).toBeGreaterThan(takes)
  })

  it('pays what we said back, so that the reserve is whole again', () => {
    const outward = new OutwardWindow(100_000)
    const whole = outward.free
    outward.said(5_000)
    expect(outward.adjust(8_000)).toBe(3_000)
    expect(outward.free).toBe(whole)
  })

  it('notices a target that sends more than it was given', () => {
    const outward = new OutwardWindow(1_000)
    expect(outward.passed(outward.granted + 1)).toBe(false)
  })

  it('is no wider than 2^32-1 bytes (RFC 4254 §5.2)', () => {
    const outward = new OutwardWindow(2 ** 32 - 2)
    expect(outward.adjust(1)).toBe(1)
    expect(() => outward.adjust(1)).toThrow('wider than there is')
    expect(outward.passed(10)).toBe(true)
    expect(outward.adjust(10)).toBe(10)
  })
})
