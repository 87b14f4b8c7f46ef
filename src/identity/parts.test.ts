import { describe, expect, it } from 'vitest'
import type { Instant } from '../kernel/clock.ts'
import { isFault } from '../kernel/faults.ts'
import { Challenges } from './challenges.ts'
import { Passwords } from './passwords.ts'
import { newSecret, secretDigest } from './secret.ts'
import { sourceKey } from './source.ts'
import { normalCode, UserCodes } from './user-codes.ts'

const at = (ms: number): Instant => ({ wall: 1_000_000 + ms, mono: ms, boot: 'b' })

describe('sources', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['unknown', 'unknown'],
  ])('%s counts as %s', (address, key) => expect(sourceKey(address)).toBe(key))
})

describe('user codes', () => {
  it('are found as people type them, once, for five minutes', () => {
    const codes = new UserCodes<string>()
    const code = codes.issue('x', 'me', at(0))
    expect(code).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/)
    expect(codes.find(` ${code.toLowerCase().replace('-', ' ')} `, at(299_999))).toBe('x')
    expect(codes.find(code, at(300_000))).toBeUndefined()
    expect(codes.take(code, at(1))).toBe('x')
    expect(codes.take(code, at(1))).toBeUndefined()
    expect(normalCode('k7qm4txr')).toBe('K7QM-4TXR')
  })

  it('attack 13: a flood of one asker ends only its own, one of many is refused', () => {
    const codes = new UserCodes<number>()
    const mine = codes.issue(0, 'me', at(0))
    for (let n = 0; n < 100; n++) codes.issue(n, 'flood', at(0))
    expect(codes.find(mine, at(0))).toBe(0)
    const many = (): void => {
      for (let n = 0; n < 5_000; n++) codes.issue(n, `flood${n}`, at(0))
    }
    expect(many).toThrow('Too many codes')
    expect(codes.find(mine, at(0))).toBe(0)
    expect(() => codes.issue(1, 'later', at(300_000))).not.toThrow()
  })
})

describe('prompts', () => {
  it('cost nothing until they are answered, and each is answered once', () => {
    const challenges = new Challenges()
    const prompts = Array.from({ length: 1_000 }, () => challenges.issue('sign_in', '', at(0)))
    for (const { attempt, challenge } of prompts) {
      expect(challenges.take(attempt, 'sign_in', '', at(1))).toBe(challenge.toString('base64url'))
      expect(() => challenges.take(attempt, 'sign_in', '', at(1))).toThrow('answered already')
    }
  })

  it('fit one purpose and one token; another spelling of the same bytes is another prompt', () => {
    const challenges = new Challenges()
    const { attempt } = challenges.issue('step_up', 'token', at(0))
    expect(() => challenges.take(attempt, 'step_up', 'other', at(0))).toThrow('something else')
    expect(() => challenges.take(attempt, 'step_up', 'token', at(0))).toThrow('answered already')
    const again = challenges.issue('step_up', 'token', at(0)).attempt
    expect(() => challenges.take(again.replace('.', '=.'), 'step_up', 'token', at(0))).toThrow('unknown')
    expect(() => challenges.take(again, 'sign_in', 'token', at(0))).toThrow('something else')
  })
})

describe('passwords', () => {
  it('compare in any normal form of the same text', async () => {
    const passwords = new Passwords()
    const stored = await passwords.hash('pássword of ana')
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await passwords.matches(stored, 'pa\u0301ssword of ana')).toBe(true)
    expect(await passwords.matches(stored, 'password of ana')).toBe(false)
    expect(await passwords.matches(stored, 'x'.repeat(100_000))).toBe(false)
  })

  it('attack 13: a flood is refused in words, and those in the queue are served', async () => {
    const passwords = new Passwords()
    const results = await Promise.allSettled(
      Array.from({ length: 80 }, () => passwords.hash('a long enough one')),
    )
    const refused = results.filter(result => result.status === 'rejected')
    expect(refused).toHaveLength(80 - 66)
    expect(refused.every(result => isFault(result.reason, 'unavailable'))).toBe(true)
    expect(await passwords.hash('a long enough one')).toContain('argon2id')
  })
})

describe('secrets', () => {
  it('are of one kind and known by digest', () => {
    const { secret, digest } = newSecret('token')
    expect(secret).toMatch(/^bgt_[\w-]{43}$/)
    expect(secretDigest('token', secret)).toBe(digest)
    expect(secretDigest('enrolment', secret)).toBeUndefined()
    expect(secretDigest('token', `${secret}x`)).toBeUndefined()
  })
})
