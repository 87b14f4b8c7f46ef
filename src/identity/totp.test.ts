import fc from 'fast-check'
import { Secret } from 'otpauth'
import { describe, expect, it } from 'vitest'
import { newSeed, otpauthUri, totpStep } from './totp.ts'

const at = (seconds: number) => ({ wall: seconds * 1000, mono: 0, boot: 'b' })

describe('totp', () => {
  // RFC 6238 appendix B, SHA-1; six digits are the last six of the eight given there.
  const seed = Secret.fromLatin1('12345678901234567890').base32
  it.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('accepts the vector of RFC 6238 at %i s', (seconds, code) => {
    expect(totpStep(seed, code, at(seconds))).toBe(Math.floor(seconds / 30))
  })

  it('accepts one step before and after, and says which step it was', () => {
    expect(totpStep(seed, '287082', at(59 + 30))).toBe(1)
    expect(totpStep(seed, '287082', at(59 - 30))).toBe(1)
    expect(totpStep(seed, '287082', at(59 + 61))).toBeUndefined()
    expect(totpStep(seed, '287 082', at(59))).toBe(1)
  })

  it('refuses whatever is not six digits, without an error', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 64 }), text => {
        fc.pre(!/^\d{6}$/.test(text.replaceAll(/[\s-]/g, '')))
        expect(totpStep(seed, text, at(59))).toBeUndefined()
      }),
    )
  })

  it('gives apps an address with issuer, handle and a 160-bit secret', () => {
    const uri = new URL(otpauthUri(newSeed(), 'acme & co', 'ana'))
    expect(uri.protocol).toBe('otpauth:')
    expect(decodeURIComponent(uri.pathname)).toBe('/acme & co:ana')
    expect(uri.searchParams.get('secret')).toMatch(/^[A-Z2-7]{32}$/)
  })
})
