import { describe, expect, it } from 'vitest'
import { greeted, kinds, opened, statusOf } from './greeted.suite.ts'
import { MOST_OPEN } from './open-files.ts'
import { MOST_OWED } from './owed-answers.ts'
import { SFTP } from './packet-types.ts'
import { ask, INIT, packet, tell } from './packets.suite.ts'

describe('handles', () => {
  it('one that was never given out ends the session; before its answer it was not', async () => {
    for (const bytes of [
      ask.read(2, 'x', 0, 1),
      ask.write(2, 'x', 0, Buffer.from('a')),
      ask.close(2, 'x'),
      packet(SFTP.fstat, 2, 'x'),
      packet(SFTP.readdir, 2, 'x'),
      packet(SFTP.fsetstat, 2, 'x', 0),
      ask.extended(2, 'copy-data', 'x', 0n, 0n, 'h', 0n),
    ]) {
      const watched = await opened(3)
      await watched.client(bytes, 5)
      expect(watched.violations).toEqual(['an SFTP handle that was never given out'])
      expect(watched.toTarget).toEqual([])
    }
  })

  it('one that was closed is answered: the target may have given it to another file', async () => {
    const watched = await opened(3)
    await watched.client(
      Buffer.concat([ask.close(2, 'h'), ask.open(3, '/secret', 1), ask.read(4, 'h', 0, 10)]),
    )
    expect(watched.atTarget.equals(Buffer.concat([ask.close(2, 'h'), ask.open(3, '/secret', 1)]))).toBe(true)
    expect(watched.toClient.map(statusOf)).toMatchObject([{ id: 4, code: 4 }])
    watched.target(Buffer.concat([tell.status(2, 0), tell.handle(3, 'h')]))
    await watched.client(ask.read(5, 'h', 0, 10))
    expect(watched.violations).toEqual([])
    expect(kinds(watched)).toEqual(['sftp_open', 'sftp_close', 'sftp_open', 'sftp_read'])
  })

  it('ends are remembered, the latest a thousand of them', async () => {
    const watched = await opened(1)
    await watched.client(ask.close(2, 'h'))
    for (let i = 0; i < 1024; i++) {
      const [name, id] = i === 1000 ? ['h', 10_000] : [`h${i}`, 100 + 2 * i]
      await watched.client(ask.open(id, '/f', 1))
      watched.target(tell.handle(id, name))
      await watched.client(ask.close(id + 1, name))
      watched.target(tell.status(id + 1, 0))
    }
    await watched.client(ask.read(3, 'h', 0, 1))
    expect(watched.violations).toEqual([])
    await watched.client(ask.open(4, '/f', 1))
    watched.target(tell.handle(4, 'last'))
    await watched.client(Buffer.concat([ask.close(5, 'last'), ask.read(6, 'h0', 0, 1)]))
    expect(watched.violations).toHaveLength(1)
  })

  it('one serves only what it was opened for, and data that do not are swallowed to the last byte', async () => {
    const reading = await opened(1)
    const write = ask.write(2, 'h', 0, Buffer.alloc(500))
    const stat = ask.path(SFTP.stat, 3, '/p')
    await reading.client(Buffer.concat([write, stat]), 90)
    expect(reading.atTarget.equals(stat)).toBe(true)
    expect(reading.swallowed).toBe(write.length)
    expect(kinds(reading)).toEqual(['sftp_open', 'sftp_write', 'sftp_stat'])
    const writing = await opened(2)
    await writing.client(
      Buffer.concat([
        ask.read(2, 'h', 0, 9),
        packet(SFTP.readdir, 3, 'h'),
        ask.extended(4, 'copy-data', 'h', 0n, 0n, 'h', 0n),
      ]),
    )
    expect(writing.toTarget).toEqual([])
    expect(writing.toClient.map(statusOf)).toMatchObject([2, 3, 4].map(id => ({ id, code: 4 })))
  })

  it('what the target copies itself has no digest', async () => {
    const watched = await opened(3)
    await watched.client(ask.write(2, 'h', 0, Buffer.from('seen')))
    await watched.client(ask.extended(3, 'copy-data', 'h', 0n, 0n, 'h', 4n))
    await watched.client(ask.close(4, 'h'))
    expect(watched.guard.actions.at(-2)).toMatchObject({
      kind: 'sftp_copy',
      detail: { from: 0, length: 0, to: 4 },
    })
    expect(watched.guard.actions.at(-1)?.detail).toMatchObject({ written: 4, writtenScattered: true })
  })

  it('attack 13: the open ones are bounded, those on their way counted', async () => {
    const watched = await greeted()
    for (let i = 0; i < MOST_OPEN; i++) {
      await watched.client(ask.open(i, `/f${i}`, 1))
      if (i % 2 === 0) watched.target(tell.handle(i, `h${i}`))
    }
    await watched.client(ask.open(5000, '/more', 1))
    expect(
      statusOf(watched.atClient.subarray(-1000).length > 0 ? (watched.toClient.at(-1) as Buffer) : INIT),
    ).toMatchObject({
      id: 5000,
      code: 4,
    })
    // One that fails makes room, and so does one that is closed.
    watched.target(tell.status(1, 2))
    await watched.client(ask.open(5001, '/more', 1))
    await watched.client(ask.close(5002, 'h0'))
    await watched.client(ask.open(5003, '/more', 1))
    expect(watched.guard.actions.filter(({ objections }) => objections.length > 0)).toHaveLength(1)
  })
})

describe('answers', () => {
  it('attack 13: a client that asks without end waits for answers, and loses none', async () => {
    const watched = await opened(1)
    const reads = Buffer.concat(Array.from({ length: MOST_OWED + 100 }, (_, i) => ask.read(i + 2, 'h', i, 1)))
    let done = false
    const given = Promise.resolve(watched.transfer.fromClient(reads)).then(() => (done = true))
    await new Promise(resolve => setImmediate(resolve))
    expect(done).toBe(false)
    const one = ask.read(2, 'h', 0, 1).length
    expect(watched.atTarget).toHaveLength(MOST_OWED * one)
    for (let i = 0; i < 101; i++) watched.target(tell.data(i + 2, Buffer.from('x')))
    await given
    expect(watched.atTarget.equals(reads)).toBe(true)
    expect(watched.violations).toEqual([])
  })

  it('waiting for room ends with the channel', async () => {
    const watched = await opened(1)
    const reads = Array.from({ length: MOST_OWED + 1 }, (_, i) => ask.read(i + 2, 'h', i, 1))
    const given = watched.transfer.fromClient(Buffer.concat(reads))
    watched.transfer.close()
    await given
    expect(watched.guard.outcomes.get(1)).toMatchObject({ cut: true, detail: { readsOwed: MOST_OWED } })
  })

  it.each([
    ['to nothing', tell.status(99, 0)],
    ['before its time', packet(SFTP.version, 3)],
    ['of an unknown type', packet(150, 2)],
    ['that is a request', ask.path(SFTP.stat, 2, '/p')],
    ['that does not fit', tell.handle(2, 'x')],
    ['with more data than were asked for', tell.data(2, Buffer.alloc(11))],
    ['whose data do not fill it', packet(SFTP.data, 2, 5, 1)],
    ['that is too large', Buffer.from([0, 16, 0, 0, SFTP.data, 0, 0, 0, 2, 0, 0, 0, 0])],
    ['without a type', Buffer.from([0, 0, 0, 0, 0])],
  ])('attack 13: one %s ends the session and does not reach the client', async (_what, bytes) => {
    for (const cuts of [[], [1]]) {
      const watched = await opened(1)
      await watched.client(ask.read(2, 'h', 0, 10))
      watched.target(bytes, ...cuts)
      expect(watched.violations).toHaveLength(1)
      watched.target(tell.status(2, 0))
      if (cuts.length === 0) expect(watched.toClient).toEqual([])
    }
  })

  it('a handle given out twice ends the session', async () => {
    const watched = await opened(1)
    await watched.client(ask.open(2, '/g', 1))
    watched.target(tell.handle(2, 'h'))
    expect(watched.violations).toHaveLength(1)
    watched.transfer.close()
    expect(new Set(watched.guard.outcomes.keys())).toEqual(new Set([1, 2]))
  })
})
