import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isWeakPoint, knownHostsName, parseSshKey, sshBlob, sshFingerprint, sshLine } from './ssh-key.ts'

/** By OpenSSH 9.2: `ssh-keygen -t ed25519 -C ana@laptop`, then `ssh-keygen -lf`. */
const LINE = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIORmUXnu55mMqUpaHzGZllhq0Nq/InLj7nByNfb8Ksik ana@laptop'

const lineOf = (point: Buffer): string =>
  `ssh-ed25519 ${Buffer.concat([Buffer.from('\0\0\0\x0bssh-ed25519\0\0\0\x20', 'latin1'), point]).toString('base64')}`

describe('the public key of a person', () => {
  it('is read from the line of ssh-keygen, with or without comment and line end', () => {
    const blob = parseSshKey(LINE) as Buffer
    expect(blob).toHaveLength(51)
    expect(sshLine(blob)).toBe(LINE.slice(0, -' ana@laptop'.length))
    for (const same of [sshLine(blob), `${LINE}\n`, `${LINE}\r\n`, `${sshLine(blob)} `])
      expect(parseSshKey(same)).toEqual(blob)
    expect(sshFingerprint(blob)).toBe('SHA256:PARxzAFPzTf5009QiXsrJNIknE1mO781ZpqMn0E0PNY')
  })

  it('is that of the key object, whichever half', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    expect(sshBlob(privateKey)).toEqual(sshBlob(publicKey))
    expect(parseSshKey(sshLine(sshBlob(publicKey)))).toEqual(sshBlob(publicKey))
    expect(() => sshBlob(generateKeyPairSync('x25519').publicKey)).toThrow('not an ed25519 key')
  })

  it('belongs to a place that known_hosts names with its port, unless that is 22', () => {
    expect(knownHostsName('gate.acme.example', 22)).toBe('gate.acme.example')
    expect(knownHostsName('::1', 7022)).toBe('[::1]:7022')
  })

  it.each([
    [
      'another type',
      'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDv ana',
      'ssh-rsa are not taken',
      'ssh-keygen -t ed25519',
    ],
    [
      'a key of hardware',
      'sk-ssh-ed25519@openssh.com AAAAGnNr ana',
      'sk-ssh-ed25519@openssh.com are not',
      'ssh-keygen',
    ],
    ['a certificate', 'ssh-ed25519-cert-v01@openssh.com AAAAIHNz', 'This is a certificate', 'without -cert'],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl', 'private key: it stays with you', '.pub'],
    ['nothing', '', 'no public key', '.pub'],
    ['two keys', `${LINE}\n${LINE}`, 'stands before', 'Leave out'],
    ['options before it', `command="ls" ${LINE}`, 'stands before ssh-ed25519', 'Leave out'],
    ['a line of known_hosts', `web-1.internal ${LINE}`, 'stands before ssh-ed25519', 'Leave out host names'],
    ['a key that is too short', LINE.replace('AAAAC3', 'AAAA'), 'no public key', '.pub'],
    [
      'another type inside',
      lineOf(Buffer.alloc(32, 7)).replace('NTE5', 'NTE4'),
      'not those of an ed25519',
      'ssh-keygen',
    ],
    ['control characters', `${LINE}\u001b[2J`, 'no public key', '.pub'],
  ])('is refused when it is %s, with the way out', (_what, line, what, next) => {
    expect(parseSshKey(line)).toEqual({
      what: expect.stringContaining(what),
      next: expect.stringContaining(next),
    })
  })

  it('attack 1: a key under which a signature of nobody is valid for every message is refused', () => {
    // The neutral point as key, and as R, with S = 0: RFC 8032 §5.1.7 holds for whatever was "signed".
    const neutral = Buffer.from([1, ...Buffer.alloc(31)])
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: neutral.toString('base64url') },
      format: 'jwk',
    })
    const nobodys = Buffer.concat([neutral, Buffer.alloc(32)])
    expect(verify(null, Buffer.from('I am ana'), key, nobodys)).toBe(true)
    expect(parseSshKey(lineOf(neutral))).toMatchObject({ what: expect.stringContaining('not those') })
    const signed = Buffer.from(neutral)
    signed[31] = 0x80
    expect(parseSshKey(lineOf(signed))).toMatchObject({ what: expect.stringContaining('not those') })
  })

  it('keys that are made are never such', () => {
    for (let round = 0; round < 50; round++)
      expect(isWeakPoint(sshBlob(generateKeyPairSync('ed25519').publicKey).subarray(19))).toBe(false)
  })

  it('attack 13: any line is a key of 51 bytes or refused in words', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 200 }),
          fc.string().map(tail => LINE + tail),
        ),
        line => {
          const read = parseSshKey(line)
          if (Buffer.isBuffer(read)) expect(parseSshKey(sshLine(read))).toEqual(read)
          else expect(read.what.length * read.next.length).toBeGreaterThan(0)
        },
      ),
    )
  })
})
