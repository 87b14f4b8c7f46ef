import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { greeted, opened, statusOf } from './greeted.suite.ts'
import { NOT_FORWARDED } from '../../../target/not-forwarded.ts'
import { MOST_OWED } from './owed-answers.ts'
import { SFTP } from './packet-types.ts'
import { ask, INIT, packet, tell, VERSION_3 } from './packets.suite.ts'
import { createSftp } from './sftp.ts'
import { Watched } from './watched.suite.ts'

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe('createSftp', () => {
  it('any session, however both sides are cut: the bytes as they were, the actions as they were meant', async () => {
    const data = fc.uint8Array({ maxLength: 80 }).map(bytes => Buffer.from(bytes))
    const deed = fc.oneof(
      fc.record({ do: fc.constant('upload' as const), parts: fc.array(data, { maxLength: 4 }) }),
      fc.record({ do: fc.constant('download' as const), parts: fc.array(data, { maxLength: 4 }) }),
      fc.record({ do: fc.constant('remove' as const), code: fc.constantFrom(0, 2, 4) }),
      fc.record({ do: fc.constant('list' as const), names: fc.array(fc.string(), { maxLength: 5 }) }),
      fc.record({ do: fc.constant('stat' as const) }),
    )
    const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(deed, fc.string({ unit: 'grapheme' })), { maxLength: 6 }),
        cuts,
        cuts,
        fc.boolean(),
        async (deeds, clientCuts, targetCuts, late) => {
          const watched = new Watched(createSftp, { evidence: 'before' })
          watched.guard.delayMs = late ? 0 : undefined
          const sent: Buffer[] = []
          const answered: Buffer[] = []
          const meant: object[] = []
          let id = 7
          const say = async (...packets: readonly Buffer[]) => {
            const bytes = Buffer.concat(packets)
            sent.push(bytes)
            await watched.client(bytes, ...clientCuts)
          }
          const reply = (...packets: readonly Buffer[]) => {
            const bytes = Buffer.concat(packets)
            answered.push(bytes)
            watched.target(bytes, ...targetCuts)
          }
          await say(INIT)
          reply(VERSION_3)
          for (const [one, path] of deeds) {
            const handle = `h${id}`
            if (one.do === 'upload' || one.do === 'download') {
              const upload = one.do === 'upload'
              const whole = Buffer.concat(one.parts)
              const name = upload ? 'written' : 'read'
              meant.push({ kind: 'sftp_open', text: path, writes: upload })
              meant.push({
                kind: 'sftp_close',
                text: path,
                detail: whole.length > 0 ? { [name]: whole.length, [`${name}Sha256`]: sha256(whole) } : {},
              })
              await say(ask.open(++id, path, upload ? 26 : 1))
              reply(tell.handle(id, handle))
              const first = id + 1
              let offset = 0
              const asked = one.parts.map(part => {
                offset += part.length
                return upload
                  ? ask.write(++id, handle, offset - part.length, part)
                  : ask.read(++id, handle, offset - part.length, part.length)
              })
              // All at once, and answered backwards.
              await say(...asked)
              reply(
                ...one.parts
                  .map((part, i) => (upload ? tell.status(first + i, 0) : tell.data(first + i, part)))
                  .reverse(),
              )
              await say(ask.close(++id, handle))
              reply(tell.status(id, 0))
            } else if (one.do === 'list') {
              meant.push({ kind: 'sftp_list', text: path })
              await say(ask.path(SFTP.opendir, ++id, path))
              reply(tell.handle(id, handle))
              await say(packet(SFTP.readdir, ++id, handle), packet(SFTP.readdir, ++id, handle))
              reply(tell.names(id - 1, ...one.names), tell.status(id, 1))
              await say(ask.close(++id, handle))
              reply(tell.status(id, 0))
            } else {
              const remove = one.do === 'remove'
              meant.push({ kind: remove ? 'sftp_remove' : 'sftp_stat', text: path, writes: remove })
              await say(ask.path(remove ? SFTP.remove : SFTP.lstat, ++id, path))
              reply(remove ? tell.status(id, one.code) : tell.attrs(id))
            }
          }
          expect(watched.violations).toEqual([])
          expect(watched.guard.actions).toMatchObject(meant)
          expect(watched.atTarget.equals(Buffer.concat(sent))).toBe(true)
          expect(watched.atClient.equals(Buffer.concat(answered))).toBe(true)
          expect(watched.guard.outcomes.size).toBe(meant.length)
          expect([...watched.guard.outcomes.values()].some(({ cut }) => cut)).toBe(false)
          watched.transfer.close()
          expect(watched.guard.outcomes.size).toBe(meant.length)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('evidence before action: requests of one chunk share a wait, and none goes before all are recorded', async () => {
    const watched = await greeted({ evidence: 'before' })
    watched.guard.delayMs = 5
    const bytes = Buffer.concat([1, 2, 3].map(id => ask.path(SFTP.stat, id, `/p${id}`)))
    const given = watched.transfer.fromClient(Buffer.from(bytes))
    expect(watched.guard.texts()).toEqual(['/p1', '/p2', '/p3'])
    expect(watched.toTarget).toEqual([])
    await given
    expect(watched.toTarget).toHaveLength(1)
    expect(watched.atTarget.equals(bytes)).toBe(true)
  })

  it('the digest of what was written is recorded before the CLOSE goes on, whatever the procedure demands', async () => {
    const watched = await opened(26, { evidence: 'with' })
    const write = ask.write(2, 'h', 0, Buffer.from('abc'))
    await watched.client(write)
    watched.guard.delayMs = 5
    const given = watched.transfer.fromClient(ask.close(3, 'h'))
    expect(watched.guard.actions.at(-1)).toMatchObject({
      kind: 'sftp_close',
      durable: true,
      detail: { written: 3, writtenSha256: sha256(Buffer.from('abc')), writesOwed: 1 },
    })
    expect(watched.atTarget.equals(write)).toBe(true)
    await given
    expect(watched.atTarget.subarray(write.length).equals(ask.close(3, 'h'))).toBe(true)
  })

  it('attack 8: once the session has ended nothing goes on, not even what was decided before', async () => {
    const watched = await greeted({ evidence: 'before' })
    watched.guard.delayMs = 5
    const given = watched.transfer.fromClient(
      Buffer.concat([ask.path(SFTP.stat, 1, '/a'), ask.path(SFTP.remove, 2, '/b')]),
    )
    watched.guard.end({ reason: 'revoked', text: '' })
    await given
    await watched.client(Buffer.concat([ask.path(SFTP.stat, 3, '/c'), ask.extended(4, 'limits@openssh.com')]))
    watched.target(tell.attrs(1))
    expect(watched.toTarget).toEqual([])
    expect(watched.toClient).toEqual([])
    watched.transfer.close()
    // What waited for its evidence is on record as never forwarded.
    expect([...watched.guard.outcomes.values()]).toEqual([NOT_FORWARDED, NOT_FORWARDED])
  })

  it('what needs no evidence of its own stays behind what waits for it', async () => {
    const watched = await opened(1, { evidence: 'before' })
    watched.guard.delayMs = 5
    const bytes = Buffer.concat([ask.path(SFTP.stat, 2, '/p'), ask.read(3, 'h', 0, 9)])
    const given = watched.transfer.fromClient(Buffer.from(bytes))
    expect(watched.toTarget).toEqual([])
    await given
    expect(watched.atTarget.equals(bytes)).toBe(true)
  })

  it('a violation behind something that waits: that does not go on either, and came to nothing', async () => {
    const watched = await greeted({ evidence: 'before' })
    watched.guard.delayMs = 5
    await watched.client(Buffer.concat([ask.path(SFTP.remove, 1, '/p'), INIT]))
    expect(watched.violations).toHaveLength(1)
    expect(watched.toTarget).toEqual([])
    watched.transfer.close()
    expect(watched.guard.outcomes.size).toBe(0)
  })

  it('cut in the middle: what went so far stands with the opening', async () => {
    const watched = await opened(26)
    await watched.client(ask.write(2, 'h', 0, Buffer.from('half')))
    await watched.client(ask.path(SFTP.stat, 3, '/p'))
    watched.transfer.close()
    watched.transfer.close()
    expect(watched.guard.outcomes.get(1)).toMatchObject({
      cut: true,
      bytes: 4,
      detail: { written: 4, writtenSha256: sha256(Buffer.from('half')), writesOwed: 1 },
    })
    expect(watched.guard.outcomes.get(2)).toMatchObject({ cut: true })
  })

  it('cut between a CLOSE and its answer: both have an outcome', async () => {
    const watched = await opened(26)
    await watched.client(ask.close(2, 'h'))
    watched.transfer.close()
    expect([...watched.guard.outcomes.values()]).toMatchObject([{ cut: true }, { cut: true }])
  })

  it('a write that the target refuses stands with the opening', async () => {
    const watched = await opened(2)
    await watched.client(ask.write(2, 'h', 0, Buffer.from('x')))
    watched.target(tell.status(2, 4))
    await watched.client(ask.close(3, 'h'))
    watched.target(tell.status(3, 0))
    expect(watched.guard.actions.at(-1)?.detail).toMatchObject({ writesFailed: 1 })
    expect(watched.guard.outcomes.get(1)?.detail).toMatchObject({ writesFailed: 1 })
  })

  it('version 3 is asked for whatever the client offers; anything else of the target ends it', async () => {
    const watched = new Watched(createSftp)
    await watched.client(packet(SFTP.init, 6, 'vendor-id', 'x'), 3)
    expect(watched.atTarget.equals(packet(SFTP.init, 3, 'vendor-id', 'x'))).toBe(true)
    watched.target(packet(SFTP.version, 6))
    expect(watched.violations).toHaveLength(1)
    expect(watched.toClient).toEqual([])
  })

  it('attack 7: what rules refuse is answered in the id of the client, swallowed whole, and changes nothing', async () => {
    const watched = await greeted({ refuse: ['file_writes'], procedure: 'look' })
    const refused = [
      ask.open(1, '/f', 2),
      // Reading that truncates, creates or appends is writing.
      ask.open(2, '/f', 1 | 16),
      ask.open(3, '/f', 1 | 8),
      ask.open(4, '/f', 4),
      ask.path(SFTP.remove, 5, '/f'),
      packet(SFTP.rename, 6, '/a', '/b'),
      packet(SFTP.symlink, 7, '/a', '/b'),
      packet(SFTP.setstat, 8, '/a', 4, 0o777),
      ask.extended(9, 'posix-rename@openssh.com', '/a', '/b'),
      ask.extended(10, 'hardlink@openssh.com', '/a', '/b'),
      ask.extended(11, 'lsetstat@openssh.com', '/a', 0),
      packet(SFTP.mkdir, 12, '/d', 0),
      ask.path(SFTP.rmdir, 13, '/d'),
    ]
    const stat = ask.path(SFTP.stat, 14, '/f')
    await watched.client(Buffer.concat([...refused, stat]), 11)
    expect(watched.atTarget.equals(stat)).toBe(true)
    expect(watched.toClient.map(statusOf)).toMatchObject(
      refused.map((_, i) => ({
        type: SFTP.status,
        id: i + 1,
        code: 3,
        message: expect.stringContaining('procedure look, rule file_writes') as string,
      })),
    )
    expect(watched.swallowed).toBe(Buffer.concat(refused).length)
    expect(watched.answered).toBe(watched.atClient.length)
    expect(watched.guard.actions.every(({ objections }, i) => objections.length === (i === 13 ? 0 : 1))).toBe(
      true,
    )
  })

  it.each([
    [
      'file_reads',
      [ask.open(1, '/f', 1), ask.open(2, '/f', 0), ask.open(3, '/f', 3)],
      [ask.open(4, '/f', 2)],
    ],
    [
      'file_removes',
      [ask.path(SFTP.remove, 1, '/f')],
      [ask.open(2, '/f', 26), packet(SFTP.setstat, 3, '/f', 0)],
    ],
    ['file_attributes', [packet(SFTP.setstat, 1, '/f', 0)], [ask.path(SFTP.remove, 2, '/f')]],
    [
      'file_transfer',
      [ask.path(SFTP.stat, 1, '/f'), ask.path(SFTP.opendir, 2, '/'), ask.extended(3, 'home-directory', 'x')],
      [],
    ],
  ])('%s refuses just what it says', async (rule, refused, passed) => {
    const watched = await greeted({ refuse: [rule] })
    await watched.client(Buffer.concat([...refused, ...passed]))
    expect(watched.atTarget.equals(Buffer.concat(passed))).toBe(true)
    expect(watched.toClient).toHaveLength(refused.length)
  })

  it('what is not known is refused, recorded, and the channel lives', async () => {
    const watched = await greeted()
    await watched.client(
      Buffer.concat([
        packet(22, 1, 'lock', 1n),
        ask.extended(2, 'evil@example.org', 'anything', 7),
        ask.open(3, '/f', 0x40 | 1),
      ]),
      7,
    )
    expect(watched.toTarget).toEqual([])
    expect(watched.toClient.map(statusOf)).toMatchObject([
      { id: 1, code: 8 },
      { id: 2, code: 8 },
      { id: 3, code: 8 },
    ])
    expect(watched.guard.actions).toMatchObject([
      { kind: 'sftp_unknown', objections: [{ rule: 'sftp_unknown' }] },
      { kind: 'sftp_unknown', detail: { unknown: 'evil@example.org' } },
      { kind: 'sftp_open', detail: { unknown: 'flags 41' } },
    ])
    expect(watched.violations).toEqual([])
  })

  it('an answer of ours waits for the end of a packet of the target, however slowly that comes', async () => {
    const watched = await opened(1, { refuse: ['file_removes'] })
    await watched.client(ask.read(2, 'h', 0, 50))
    const data = tell.data(2, Buffer.alloc(50, 'd'))
    for (let at = 0; at < data.length; at++) {
      watched.target(data.subarray(at, at + 1))
      if (at === 20) await watched.client(ask.path(SFTP.remove, 9, '/x'))
      if (at > 20 && at < data.length - 1) expect(watched.answered).toBe(0)
    }
    expect(watched.atClient.subarray(0, data.length).equals(data)).toBe(true)
    expect(statusOf(watched.atClient.subarray(data.length))).toMatchObject({ id: 9, code: 3 })
    expect(watched.violations).toEqual([])
  })

  it('attack 13: answers of ours wait for room whole and in order, and a client that takes none is not read on', async () => {
    const watched = await opened(1, { refuse: ['file_removes'] })
    watched.full = true
    const removes = Buffer.concat(
      Array.from({ length: MOST_OWED + 5 }, (_, i) => ask.path(SFTP.remove, i + 10, '/x')),
    )
    let done = false
    const given = Promise.resolve(watched.transfer.fromClient(removes)).then(() => (done = true))
    await new Promise(resolve => setImmediate(resolve))
    expect(done).toBe(false)
    expect(watched.guard.actions).toHaveLength(MOST_OWED + 1)
    // Room comes while the target stands inside a packet.
    const late = tell.data(2, Buffer.from('abc'))
    watched.transfer.fromTarget(late.subarray(0, 3))
    watched.drain()
    expect(watched.answered).toBe(0)
    watched.transfer.close()
    await given
  })

  it('answers that found no room go as soon as there is some', async () => {
    const watched = await opened(1, { refuse: ['file_removes'] })
    watched.full = true
    await watched.client(Buffer.concat([1, 2, 3].map(id => ask.path(SFTP.remove, id + 5, '/x'))))
    expect(watched.toClient).toEqual([])
    watched.drain()
    expect(watched.toClient.map(statusOf)).toMatchObject([6, 7, 8].map(id => ({ id, code: 3 })))
    await watched.client(ask.path(SFTP.stat, 6, '/x'))
    expect(watched.violations).toEqual([])
  })

  it('paths that are not UTF-8 are told byte by byte too', async () => {
    const watched = await greeted()
    await watched.client(ask.path(SFTP.stat, 1, Buffer.from('/a\xff\n', 'latin1')))
    expect(watched.guard.actions[0]?.detail).toEqual({ hex: '2f61ff0a' })
    expect(watched.guard.actions[0]?.verbs).toEqual(['stat'])
  })
})
