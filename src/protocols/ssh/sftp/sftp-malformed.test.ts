import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { greeted, opened } from './greeted.suite.ts'
import { LARGEST_REQUEST, SFTP } from './packet-types.ts'
import { ask, INIT, packet } from './packets.suite.ts'
import { createSftp } from './sftp.ts'
import { Watched } from './watched.suite.ts'

/** One of every kind of request, well formed, on a file open as `h`. */
const EVERY: readonly (readonly [string, Buffer])[] = [
  ['open', ask.open(2, '/f', 26)],
  ['close', ask.close(2, 'h')],
  ['read', ask.read(2, 'h', 0, 9)],
  ['write', ask.write(2, 'h', 0, Buffer.from('data'))],
  ['fstat', packet(SFTP.fstat, 2, 'h')],
  ['setstat', packet(SFTP.setstat, 2, '/f', 15, 1n, 2, 3, 0o644, 5, 6)],
  ['fsetstat', packet(SFTP.fsetstat, 2, 'h', 4, 0o600)],
  ['stat', ask.path(SFTP.stat, 2, '/f')],
  ['mkdir', packet(SFTP.mkdir, 2, '/d', 0x80000000, 1, 'name', 'value')],
  ['rename', packet(SFTP.rename, 2, '/a', '/b')],
  ['posix-rename', ask.extended(2, 'posix-rename@openssh.com', '/a', '/b')],
  ['fsync', ask.extended(2, 'fsync@openssh.com', 'h')],
  ['limits', ask.extended(2, 'limits@openssh.com')],
  ['copy-data', ask.extended(2, 'copy-data', 'h', 0n, 9n, 'h', 9n)],
  ['users-groups', ask.extended(2, 'users-groups-by-id@openssh.com', Buffer.alloc(8), Buffer.alloc(4))],
]

describe.each(EVERY)('malformed: %s', (_name, good) => {
  it('passes as it is, byte by byte', async () => {
    const watched = await opened(3)
    await watched.client(good, 1)
    expect(watched.violations).toEqual([])
    expect(watched.atTarget.equals(good)).toBe(true)
  })

  it('attack 13: cut short or made longer at any byte, its length corrected, it never reaches the target', async () => {
    for (let length = 5; length < good.length; length++) {
      const bad = Buffer.from(good.subarray(0, length))
      bad.writeUInt32BE(length - 4)
      const watched = await opened(3)
      await watched.client(bad, 1 + (length % 3))
      expect(watched.toTarget, `cut to ${length}`).toEqual([])
      expect(watched.violations, `cut to ${length}`).toHaveLength(1)
    }
    const long = Buffer.concat([good, Buffer.from([0])])
    long.writeUInt32BE(good.length - 3)
    const watched = await opened(3)
    await watched.client(long)
    expect(watched.violations).toHaveLength(1)
  })

  it('attack 13: with any byte changed it is understood, refused or a violation, never an error', async () => {
    for (let at = 4; at < good.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const bad = Buffer.from(good)
        bad[at] = value
        const watched = await opened(3)
        await watched.client(bad, 9)
        expect(watched.atTarget.length + watched.swallowed, `${at} ${value}`).toBe(
          watched.violations.length > 0 ? watched.atTarget.length : good.length,
        )
      }
    }
  })
})

describe('malformed: streams', () => {
  it.each([
    ['a request before INIT', ask.path(SFTP.stat, 1, '/')],
    ['version 2', packet(SFTP.init, 2)],
    ['half a pair in INIT', packet(SFTP.init, 3, 'name')],
    ['a packet without a type', Buffer.from([0, 0, 0, 0, 0])],
    ['an SSH banner', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
  ])('attack 13: %s', async (_what, bytes) => {
    const watched = new Watched(createSftp)
    await watched.client(bytes)
    expect(watched.violations).toHaveLength(1)
    expect(watched.toTarget).toEqual([])
  })

  it.each([
    ['a second INIT', INIT],
    ['an id in use', Buffer.concat([ask.path(SFTP.stat, 1, '/'), ask.path(SFTP.stat, 1, '/')])],
    ['a request of a megabyte that is no WRITE', Buffer.from([0, 16, 0, 0, SFTP.stat, 0])],
    ['a WRITE of a megabyte', Buffer.from([0, 16, 0, 0, SFTP.write, 0])],
    ['a path that is too long', ask.path(SFTP.stat, 1, 'x'.repeat(LARGEST_REQUEST))],
    ['a handle that is too long', ask.close(1, 'x'.repeat(257))],
    ['a WRITE with a handle that is too long', ask.write(1, 'x'.repeat(257), 0, Buffer.alloc(400))],
  ])('attack 13: %s', async (_what, bytes) => {
    const watched = await greeted()
    await watched.client(bytes)
    expect(watched.violations).toHaveLength(1)
    expect(watched.toTarget).toEqual([])
  })

  it('attack 13: any bytes from either side: understood, refused or a violation, never an error', async () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map(array => Buffer.from(array))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.boolean(), fc.oneof(bytes, fc.constantFrom(...EVERY.map(([, one]) => one)))), {
          maxLength: 8,
        }),
        async events => {
          const watched = await opened(3)
          for (const [client, chunk] of events) {
            if (client) {
              const given = watched.transfer.fromClient(chunk)
              if (given) void given
            } else watched.transfer.fromTarget(chunk)
            if (watched.violations.length > 0) break
          }
          watched.transfer.close()
          expect(watched.violations.length).toBeLessThanOrEqual(1)
        },
      ),
      { numRuns: 300 },
    )
  })
})
