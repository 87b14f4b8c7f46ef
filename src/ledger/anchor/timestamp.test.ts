import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpensslAuthority, opensslAuthority } from './openssl-authority.suite.ts'
import { judgeTimestamp, timestampRequest, type TimestampRequest } from './timestamp.ts'

const missing = spawnSync('openssl', ['version']).status !== 0

describe.skipIf(missing)('time stamps of openssl (RFC 3161)', () => {
  const data = Buffer.from('log.example/control\n5\n…\n')
  let authority: OpensslAuthority
  let request: TimestampRequest
  let good: Buffer
  let authorities: readonly X509Certificate[]
  beforeAll(() => {
    authority = opensslAuthority()
    authorities = [new X509Certificate(readFileSync(authority.ca))]
    request = timestampRequest(data)
    good = authority.reply(request.der)
  })
  afterAll(() => authority.remove())

  const judge = (response: Uint8Array, of = request, now = Date.now()) =>
    judgeTimestamp(response, of, { authorities, now })
  const why = (response: Uint8Array, of = request, now?: number): string => {
    const judged = judge(response, of, now)
    return judged.ok ? 'accepted' : judged.why
  }

  it('are accepted from a proper signer, and openssl accepts what we asked and got', () => {
    const judged = judge(good)
    expect(judged).toMatchObject({ ok: true, timestamp: { signer: 'CN=proper-signer' } })
    expect(judged.ok && Math.abs(judged.timestamp.time - Date.now())).toBeLessThan(60_000)
    const elliptic = authority.reply(request.der, 'elliptic')
    expect(judge(elliptic)).toMatchObject({ ok: true, timestamp: { signer: 'CN=elliptic-signer' } })

    writeFileSync(join(authority.folder, 'data'), data)
    writeFileSync(join(authority.folder, 'kept.tsr'), good)
    writeFileSync(join(authority.folder, 'asked.tsq'), request.der)
    expect(authority.verify('kept.tsr', 'data')).toContain('Verification: OK')
    const read = execFileSync('openssl', ['ts', '-query', '-in', 'asked.tsq', '-text'], {
      cwd: authority.folder,
      encoding: 'utf8',
    })
    expect(read).toMatch(/Hash Algorithm: sha256[^]*Nonce: 0x[^]*Certificate required: yes/)
  })

  it.each<[attack: string, response: () => Buffer, said: RegExp]>([
    ['another root', () => authority.reply(request.der, 'rogue'), /does not lead to a configured/],
    ['a signer that has expired', () => authority.reply(request.der, 'expired'), /was not valid then/],
    [
      'the answer to another request for the same bytes',
      () => authority.reply(timestampRequest(data).der),
      /another request/,
    ],
    ['other bytes', () => authority.reply(timestampRequest(Buffer.from('x')).der), /for other bytes/],
    ['a refusal', () => authority.reply(request.der, 'proper', 'sha512'), /refused \(status 2/],
    ['nothing', () => Buffer.alloc(0), /no time stamp response/],
    ['a page', () => Buffer.from('<html>'), /no time stamp response/],
    ['the request itself', () => request.der, /./],
  ])('requirement 19: are refused with %s', (_, response, said) => {
    expect(why(response())).toMatch(said)
  })

  it('requirement 19: are refused when the authority has another time', () => {
    expect(why(good, request, Date.now() + 600_000)).toMatch(/not that of now/)
    expect(why(good, request, Date.now() - 600_000)).toMatch(/not that of now/)
  })

  it('requirement 19: are refused cut anywhere, and no changed byte makes another time stamp of them', () => {
    const small = authority.reply(request.der, 'elliptic')
    for (let length = 0; length < small.length; length += 7)
      expect(judge(small.subarray(0, length)).ok, `${length} bytes`).toBe(false)
    const judged = judge(small)
    for (let at = 0; at < small.length; at += 5) {
      const changed = Buffer.from(small)
      changed[at] = (changed[at] ?? 0) ^ 1
      // Some bytes are not signed by anybody (versions, an unused name of the signer): then nothing that is said may differ.
      const now = judge(changed)
      if (now.ok) expect(now, `byte ${at}`).toEqual(judged)
    }
  })
})
