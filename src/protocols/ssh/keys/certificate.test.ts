import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SshWriter } from '../messages/fields.ts'
import type { CertificateExtension, CertificateTerms } from './certificate.ts'
import { sshFingerprint } from '../../../kernel/ssh-key.ts'
import { ED25519, publicBlob, publicKeyOf, publicPoint } from './public-blob.ts'
import { readCertificate } from './read-certificate.ts'
import { signUserCertificate } from './sign-user-certificate.ts'

const key = generateKeyPairSync('ed25519')
const ca = generateKeyPairSync('ed25519')
const EXTENSIONS: CertificateExtension[] = [
  'permit-X11-forwarding',
  'permit-agent-forwarding',
  'permit-port-forwarding',
  'permit-pty',
  'permit-user-rc',
]
const terms: CertificateTerms = {
  serial: 18_446_744_073_709_551_615n,
  keyId: 'bg_k2x s_0190',
  principals: ['breakglass/web-1/deploy'],
  validAfter: 1_700_000_000,
  validBefore: 1_700_003_600,
  forceCommand: 'systemctl restart "web app"',
  sourceAddresses: ['10.1.2.3', '2001:db8::/32'],
  extensions: ['permit-pty', 'permit-agent-forwarding'],
}
const violation = expect.objectContaining({ code: 'protocol.violation' }) as Error

describe('a user certificate', () => {
  it('reads back as it was signed, whatever it says', () => {
    const word = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .filter(text => !/[\0\n\r,]/.test(text))
    const time = fc.integer({ min: 0, max: 2 ** 40 })
    fc.assert(
      fc.property(
        fc.record({
          serial: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
          keyId: word,
          principals: fc.array(word, { minLength: 1, maxLength: 5 }),
          from: time,
          for: fc.integer({ min: 1, max: 100_000 }),
          forceCommand: fc.option(
            word.filter(text => text.trim() !== ''),
            { nil: undefined },
          ),
          sourceAddresses: fc.option(fc.array(word, { minLength: 1, maxLength: 3 }), { nil: undefined }),
          extensions: fc.subarray(EXTENSIONS),
        }),
        made => {
          const blob = signUserCertificate(
            { ...made, validAfter: made.from, validBefore: made.from + made.for },
            key.publicKey,
            ca.privateKey,
          )
          const read = readCertificate(blob)
          expect(publicBlob(read.key)).toEqual(publicBlob(key.publicKey))
          expect(read.ca).toEqual(publicBlob(ca.publicKey))
          expect(read).toMatchObject({ serial: made.serial, keyId: made.keyId, principals: made.principals })
          expect([read.validAfter, read.validBefore]).toEqual([
            BigInt(made.from),
            BigInt(made.from + made.for),
          ])
          expect(read.criticalOptions.get('force-command')).toBe(made.forceCommand)
          expect(read.criticalOptions.get('source-address')).toBe(made.sourceAddresses?.join(','))
          expect([...read.extensions.keys()].toSorted()).toEqual(made.extensions.toSorted())
        },
      ),
      { numRuns: 50 },
    )
  })

  it('attack 13: cut at any byte, longer by one, or with any bit of it changed, it is refused', () => {
    const blob = signUserCertificate(terms, key.publicKey, ca.privateKey)
    for (let length = 0; length < blob.length; length++) {
      expect(() => readCertificate(blob.subarray(0, length)), `${length} bytes`).toThrow(violation)
    }
    expect(() => readCertificate(Buffer.concat([blob, Buffer.of(0)]))).toThrow(violation)
    for (let at = 0; at < blob.length; at++) {
      const changed = Buffer.from(blob)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      expect(() => readCertificate(changed), `byte ${at}`).toThrow(violation)
    }
  })

  it('says who may be signed for: nobody is everybody to a server, so that is not signed', () => {
    for (const wrong of [
      { principals: [] },
      { principals: [''] },
      { principals: ['a,b'] },
      { keyId: 'two\nlines' },
      { sourceAddresses: [] },
      { forceCommand: ' ' },
      { forceCommand: 'a\0b' },
      { validBefore: terms.validAfter },
      { validAfter: Number.NaN },
    ]) {
      const signing = () => signUserCertificate({ ...terms, ...wrong }, key.publicKey, ca.privateKey)
      expect(signing, JSON.stringify(wrong)).toThrow(TypeError)
    }
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    expect(() => signUserCertificate(terms, rsa.publicKey, ca.privateKey)).toThrow(/ed25519/)
    expect(() => signUserCertificate(terms, key.publicKey, rsa.privateKey)).toThrow(/ed25519/)
  })

  it('is refused when it is signed well and says something else: another type, options out of order or twice', () => {
    const made = (over: { type?: number; options?: readonly string[] }) => {
      const options = new SshWriter()
      for (const name of over.options ?? ['permit-agent-forwarding', 'permit-pty'])
        options.string(name).string('')
      const body = new SshWriter()
        .string('ssh-ed25519-cert-v01@openssh.com')
        .string('nonce')
        .string(publicPoint(key.publicKey))
        .bytes(Buffer.alloc(8))
        .uint32(over.type ?? 1)
        .string('id')
        .string(new SshWriter().string('who').take())
        .bytes(Buffer.alloc(8))
        .bytes(Buffer.alloc(8, 1))
        .string('')
        .string(options.take())
        .string('')
        .string(publicBlob(ca.publicKey))
        .take()
      const signature = new SshWriter()
        .string(ED25519)
        .string(sign(null, body, ca.privateKey))
        .take()
      return new SshWriter().bytes(body).string(signature).take()
    }
    expect(readCertificate(made({})).principals).toEqual(['who'])
    expect(() => readCertificate(made({ type: 2 }))).toThrow(/not for a user/)
    expect(() => readCertificate(made({ options: ['permit-pty', 'permit-agent-forwarding'] }))).toThrow(
      /order/,
    )
    expect(() => readCertificate(made({ options: ['permit-pty', 'permit-pty'] }))).toThrow(/order/)
  })

  it('a point of small order is not taken for a key: OpenSSL accepts a signature nobody made', () => {
    const identity = Buffer.concat([Buffer.of(1), Buffer.alloc(31)])
    const blob = new SshWriter().string(ED25519).string(identity).take()
    const forged = Buffer.concat([identity, Buffer.alloc(32)])
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), identity])
    expect(verify(null, Buffer.from('anything'), { key: spki, format: 'der', type: 'spki' }, forged)).toBe(
      true,
    )
    expect(() => publicKeyOf(blob)).toThrow(/anybody can sign/)
  })
})

const keygen = (() => {
  try {
    execFileSync('ssh-keygen', ['-?'], { stdio: 'ignore' })
    return true
  } catch (cause) {
    return (cause as { code?: string }).code !== 'ENOENT'
  }
})()

describe.skipIf(!keygen)('ssh-keygen', () => {
  let folder: string
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'bg-keys-'))))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const run = (...args: string[]) =>
    execFileSync('ssh-keygen', args, { encoding: 'utf8', cwd: folder, env: { ...process.env, TZ: 'UTC' } })

  it('lists our certificate as it was signed', () => {
    const blob = signUserCertificate(terms, key.publicKey, ca.privateKey)
    writeFileSync(
      join(folder, 'ours-cert.pub'),
      `ssh-ed25519-cert-v01@openssh.com ${blob.toString('base64')} us\n`,
    )
    const lines = run('-L', '-f', 'ours-cert.pub')
      .split('\n')
      .slice(1)
      .map(line => line.trim())
    expect(lines).toEqual([
      'Type: ssh-ed25519-cert-v01@openssh.com user certificate',
      `Public key: ED25519-CERT ${sshFingerprint(publicBlob(key.publicKey))}`,
      `Signing CA: ED25519 ${sshFingerprint(publicBlob(ca.publicKey))} (using ssh-ed25519)`,
      'Key ID: "bg_k2x s_0190"',
      'Serial: 18446744073709551615',
      'Valid: from 2023-11-14T22:13:20 to 2023-11-14T23:13:20',
      'Principals:',
      'breakglass/web-1/deploy',
      'Critical Options:',
      'force-command systemctl restart "web app"',
      'source-address 10.1.2.3,2001:db8::/32',
      'Extensions:',
      'permit-agent-forwarding',
      'permit-pty',
      '',
    ])
  })

  it('a certificate it signs is read', () => {
    for (const name of ['ca', 'user']) run('-q', '-t', 'ed25519', '-N', '', '-f', name)
    run(
      '-q',
      '-s',
      'ca',
      '-I',
      'who',
      '-n',
      'a,b',
      '-V',
      '20240101:20240102',
      '-z',
      '7',
      '-O',
      'force-command=id',
      '-O',
      'source-address=10.0.0.0/8',
      'user.pub',
    )
    const blob = Buffer.from(
      readFileSync(join(folder, 'user-cert.pub'), 'utf8').split(' ')[1] ?? '',
      'base64',
    )
    const read = readCertificate(blob)
    expect(read).toMatchObject({ serial: 7n, keyId: 'who', principals: ['a', 'b'] })
    expect(read.validBefore - read.validAfter).toBe(86_400n)
    expect(Object.fromEntries(read.criticalOptions)).toEqual({
      'force-command': 'id',
      'source-address': '10.0.0.0/8',
    })
    expect([...read.extensions.keys()]).toEqual(EXTENSIONS)
  })
})
