import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isWeakPoint, sshFingerprint } from '../../../kernel/ssh-key.ts'
import { SshWriter } from '../messages/fields.ts'
import { parseKeyLine, printKeyLine } from './key-line.ts'
import { publicBlob, publicKeyOf } from './public-blob.ts'

/** Made with `ssh-keygen -t ed25519`; the fingerprint is what `ssh-keygen -l` printed of it. */
const LINE =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHnknui86HrqTmO8hC/z9+s6MWUIMExlzyDOXWEACZuv ana@laptop with spaces'
const PRINTED = 'SHA256:FN1+LYnCM+TXkPPt1tTji3lUr4LmOonv04PxhZmKgVo'

const blobOf = (point: Buffer) =>
  new SshWriter().string('ssh-ed25519').string(point).take().toString('base64')

describe('a key as a line of text', () => {
  it('is what OpenSSH writes', () => {
    const { blob, comment } = parseKeyLine(`  ${LINE}\n`)
    expect(comment).toBe('ana@laptop with spaces')
    expect(sshFingerprint(blob)).toBe(PRINTED)
    expect(publicBlob(publicKeyOf(blob))).toEqual(blob)
    expect(printKeyLine(blob, comment)).toBe(LINE)
    expect(parseKeyLine(printKeyLine(blob))).toEqual({ blob, comment: '' })
  })

  const [, encoded = ''] = LINE.split(' ')
  const shorter = blobOf(Buffer.alloc(31, 7))
  const weak = blobOf(Buffer.alloc(32))
  const trailing = Buffer.concat([Buffer.from(encoded, 'base64'), Buffer.of(0)]).toString('base64')
  it.each([
    ['', /does not begin with ssh-ed25519/],
    ['ssh-ed25519', /not in base64/],
    ['ssh-ed25519 !!!!', /not in base64/],
    [`ssh-ed25519 ${encoded.slice(0, -1)}`, /not in base64|shorter/],
    [`ssh-ed25519 ${shorter}`, /not 32 bytes/],
    [`ssh-ed25519 ${trailing}`, /longer than its fields/],
    [`ssh-ed25519 ${weak}`, /anybody can sign/],
    [`ssh-rsa ${encoded}`, /of kind ssh-rsa/],
    ['ecdsa-sha2-nistp256 AAAA', /of kind ecdsa-sha2-nistp256/],
    ['sk-ssh-ed25519@openssh.com AAAA', /of kind sk-ssh-ed25519/],
    ['ssh-ed25519-cert-v01@openssh.com AAAA', /is a certificate/],
    [`web-1.internal ssh-ed25519 ${encoded}`, /something before ssh-ed25519/],
    [`from="10.0.0.1",no-pty ssh-ed25519 ${encoded}`, /something before ssh-ed25519/],
    [`@cert-authority * ssh-ed25519 ${encoded}`, /something before ssh-ed25519/],
    ['-----BEGIN OPENSSH PRIVATE KEY-----', /file of another form/],
    [`${LINE}\n${LINE}`, /not one line/],
    [`ssh-ed25519 ${encoded} a\u001b[2J`, /not one line/],
    [`ssh-ed25519 ${encoded} ${'x'.repeat(5000)}`, /longer than any/],
  ])('%j is refused and says why', (line, why) => {
    try {
      parseKeyLine(line)
      expect.unreachable()
    } catch (cause) {
      expect(cause).toMatchObject({ code: 'input.invalid', message: expect.stringMatching(why) as string })
      expect((cause as { next: string }).next).not.toBe('')
      if (encoded !== '') expect((cause as Error).message).not.toContain(encoded)
    }
  })

  it('keys that are made are never weak', () => {
    for (let round = 0; round < 50; round++) {
      const { publicKey } = generateKeyPairSync('ed25519')
      expect(isWeakPoint(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'))).toBe(false)
    }
  })
})
