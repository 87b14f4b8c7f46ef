/** What a session leaves in the record, asked of the protocol between a real sshd and a client that sends what it likes. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SshWriter } from '../../../src/protocols/ssh/messages/fields.ts'
import { SSH } from '../../../src/protocols/ssh/messages/numbers.ts'
import { eventually, rest } from '../../../src/target/contract/stand.suite.ts'
import { missingSshd } from './lab.ts'
import { openSession, type RawChannel, type RawSshClient } from './raw-client.ts'
import { openRelayStand, rogueHost, type RelayStand } from './relay-stand.ts'

const MIB = 1024 * 1024
const NOTHING = Buffer.alloc(0)

function terminal(cols: number, rows: number): Buffer {
  return new SshWriter().string('xterm').uint32(cols).uint32(rows).uint32(0).uint32(0).string('').take()
}
const size = (cols: number, rows: number): Buffer =>
  new SshWriter().uint32(cols).uint32(rows).uint32(0).uint32(0).take()
const sftpServer = ['/usr/lib/openssh/sftp-server', '/usr/libexec/openssh/sftp-server'].find(existsSync) ?? ''
const text = (word: string): Buffer => new SshWriter().string(word).take()
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe.skipIf(missingSshd.length > 0)('the record of a session on a host', () => {
  let stand: RelayStand
  beforeAll(async () => {
    stand = await openRelayStand()
  })
  afterAll(() => stand.close())

  const end = async (client: RawSshClient, channel: RawChannel): Promise<void> => {
    client.say({ type: 'eof', recipient: channel.theirs })
    await client.until(() => channel.state === 'over')
  }

  it('of what is typed at a terminal nothing is left out, however much it is', async () => {
    const { client, session } = await stand.enter()
    const channel = await client.open()
    await client.ask(channel, 'pty-req', terminal(80, 24))
    await client.ask(channel, 'exec', text('stty raw -echo; echo ready; exec head -c 1200000 > /dev/null'))
    await client.until(() => channel.out.includes('ready'))
    await client.pourAll(channel, Buffer.alloc(1_200_000, 'k'))
    await client.until(() => channel.state === 'over')
    expect(session.guard.said(1, 'i')).toHaveLength(1_200_000)
  })

  it('attack 7: what is asked of a channel that its client has closed runs in no other', async () => {
    for (let round = 0; round < 10; round++) {
      const { client, session } = await stand.enter()
      const closed = await client.open()
      const request = { type: 'request', name: 'exec', wantReply: true, data: text('echo stolen') } as const
      client.say({ type: 'close', recipient: closed.theirs })
      const next = client.open()
      client.say({ ...request, recipient: closed.theirs })
      // Said when the host has closed it as well, it ends the session.
      const own = next.then(async channel => {
        await client.ask(channel, 'exec', text('echo own'))
        await client.until(() => channel.state === 'over')
      })
      await own.catch(() => expect(client.words.join()).toContain('which is not open'))
      expect(session.guard.texts()).not.toContain('echo stolen')
      expect(client.channels.map(({ out }) => out.toString()).join('')).not.toContain('stolen')
    }
  })

  it.each(['sh', 'cat | sh', undefined])(
    'what a shell without a terminal is piped is recorded to its end: %s',
    async command => {
      const { client, session } = await stand.enter()
      const channel = await client.open()
      if (command === undefined) await client.ask(channel, 'shell')
      else await client.ask(channel, 'exec', text(command))
      const padding = Buffer.from('#'.repeat(1023).concat('\n').repeat(1024))
      await client.pourAll(channel, padding)
      await client.pourAll(channel, Buffer.from('echo hid""den\n'))
      await end(client, channel)
      expect(channel.out.toString()).toBe('hidden\n')
      expect(session.guard.said(1, 'i').slice(MIB)).toBe('echo hid""den\n')
      expect(session.guard.said(1, 'm')).toBe('')
    },
  )

  it('of a file the first MiB is recorded, that there is more is said at once, and its digest before it ends', async () => {
    const { client, session } = await stand.enter()
    const { guard } = session
    const channel = await client.start('exec', 'cat > /dev/null')
    const file = Buffer.alloc(1_500_000, 'f')
    await client.pourAll(channel, file)
    await eventually(() => guard.said(1, 'm')).toContain('beyond 1048576 bytes')
    expect(guard.said(1, 'i')).toHaveLength(MIB)
    await end(client, channel)
    expect(guard.actions[1]).toMatchObject({
      kind: 'input_end',
      detail: { of: 1, bytes: 1_500_000, sha256: sha256(file), unrecorded: 1_500_000 - MIB },
    })
    expect(guard.outcomes.get(1)?.detail).toBeUndefined()
  })

  it('of a file that nobody ended the digest and the size of what had gone in are recorded', async () => {
    const { client, session } = await stand.enter()
    const channel = await client.start('exec', 'cat | wc -c')
    const file = Buffer.alloc(1_500_000, 'f')
    await client.pourAll(channel, file)
    client.socket.end()
    await session.end
    const { detail } = session.guard.outcomes.get(1) ?? {}
    const { bytes, sha256: digest, unrecorded } = detail ?? {}
    expect(bytes).toBeGreaterThan(MIB)
    expect(digest).toBe(sha256(file.subarray(0, Number(bytes))))
    expect(unrecorded).toBe(Number(bytes) - MIB)
  })

  it('signals and breaks before anything runs reach nobody', async () => {
    const { client, session } = await stand.enter()
    const channel = await client.open()
    expect(await client.ask(channel, 'pty-req', terminal(80, 24))).toBe(true)
    // sshd would send a break to the terminal that it has made.
    expect(await client.ask(channel, 'break', new SshWriter().uint32(1).take())).toBe(false)
    expect(await client.ask(channel, 'signal', text('TERM'))).toBe(false)
    expect(session.guard.actions).toEqual([])
    expect(await client.ask(channel, 'xon-xoff', new SshWriter().boolean(true).take())).toBe(false)
    expect(session.guard.actions).toMatchObject([{ kind: 'channel_request', text: 'xon-xoff' }])
  })

  it('a signal and a break are recorded before they reach the program', async () => {
    const { client, session } = await stand.enter()
    const { guard } = session
    const channel = await client.open()
    await client.ask(channel, 'pty-req', terminal(80, 24))
    await client.ask(
      channel,
      'exec',
      text('trap "echo caught; exit" TERM; echo ready; while :; do sleep 0.02; done'),
    )
    await client.until(() => channel.out.includes('ready'))
    const release = guard.holdEvidence()
    const request = { type: 'request', recipient: channel.theirs, wantReply: true } as const
    client.say({ ...request, name: 'break', data: new SshWriter().uint32(7).take() })
    await eventually(() => guard.said(1, 'm')).toBe('break of 7 ms')
    client.say({ ...request, name: 'signal', data: text('TERM') })
    await rest(150)
    expect(channel.answers).toHaveLength(2)
    expect(channel.out.toString()).not.toContain('caught')
    release()
    await client.until(() => channel.state === 'over')
    expect(guard.said(1, 'm')).toBe('break of 7 mssignal TERM')
    expect(channel.out.toString()).toContain('caught')
  })

  it('a terminal goes on record as large as it is when its program begins, and is no other later', async () => {
    const { client, session } = await stand.enter()
    const channel = await client.open()
    expect(await client.ask(channel, 'window-change', size(10, 10))).toBe(false)
    await client.ask(channel, 'pty-req', terminal(80, 24))
    await client.ask(channel, 'window-change', size(132, 50))
    await client.ask(channel, 'exec', text('stty size; read line'))
    await client.until(() => channel.out.includes('\n'))
    expect(channel.out.toString()).toContain('50 132')
    expect(session.guard.actions[0]?.detail).toMatchObject({ cols: 132, rows: 50 })
    expect(await client.ask(channel, 'pty-req', terminal(1, 1))).toBe(false)
    expect(await client.ask(channel, 'env', new SshWriter().string('A').string('b').take())).toBe(false)
    client.say({ type: 'data', recipient: channel.theirs, data: Buffer.from('\n') })
    await client.until(() => channel.state === 'over')
  })

  it('attack 9: a host in foreign hands reaches nothing on the side of the person, whatever it opens, and that is on record', async () => {
    const rogue = await openRelayStand(
      { allow: ['agent_forwarding', 'x11_forwarding', 'remote_forwarding'] },
      undefined,
      await rogueHost(),
    )
    try {
      const { client, session } = await rogue.enter()
      const channel = await client.start('exec', 'true')
      await client.until(() => channel.state === 'over')
      expect(channel.out.toString()).toBe('true: 400 of 400 refused\n')
      // No opening came through.
      expect(client.received.filter(([type]) => type === SSH.channelOpen)).toEqual([])
      const refused = session.guard.actions.filter(({ objections }) => objections.length > 0)
      expect(new Set(refused.map(({ objections }) => objections[0]?.rule))).toEqual(
        new Set(['unasked_channel']),
      )
      expect(refused.filter(({ text }) => text === 'auth-agent@openssh.com').at(-1)?.detail).toEqual({
        times: 64,
      })
      expect(refused.map(({ text }) => text)).toContain(
        'forwarded-streamlocal@openssh.com unix:/run/docker.sock',
      )
      expect(refused).toHaveLength(7 + 7 + 8)
    } finally {
      await rogue.close()
    }
  })

  it('too many channels, and programs after the last, are refused and on record, a client that goes on asking at each doubling', async () => {
    const { client, session } = await stand.enter()
    const { guard } = session
    const refusals = (): (string | undefined)[] => guard.actions.map(({ objections }) => objections[0]?.rule)
    for (let id = 0; id < 256; id++) client.send(openSession(id))
    for (let id = 256; id < 356; id++) client.send(openSession(id))
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.heard(SSH.channelOpenFailure)))
    expect(answers[0]?.toString()).toContain('Close some first')
    expect(refusals()).toEqual(Array(7).fill('too_many_channels'))
    expect(guard.actions.at(-1)).toMatchObject({ kind: 'channel', text: 'session', detail: { times: 64 } })
    client.socket.destroy()

    const last = await stand.enter()
    const data = NOTHING
    last.client.say({ type: 'global_request', name: 'no-more-sessions@openssh.com', wantReply: false, data })
    await expect(last.client.open()).rejects.toThrow('Connect once more')
    expect(last.session.guard.actions).toMatchObject([{ objections: [{ rule: 'no_more_sessions' }] }])
  })

  it('a window that is wider than there is ends the session, and nobody else', async () => {
    const { client, session } = await stand.enter()
    const other = await stand.enter()
    const channel = await client.start('exec', 'cat')
    client.say({ type: 'window_adjust', recipient: channel.theirs, bytes: 0xffffffff })
    await client.untilClosed()
    await expect(session.end).resolves.toMatchObject({ reason: 'violation' })
    const after = await other.client.start('exec', 'echo on')
    await other.client.until(() => after.state === 'over')
    expect(after.out.toString()).toBe('on\n')
  })

  it('what a jump carried is counted, and a client that speaks on behind its end harms nobody', async () => {
    const { client, session } = await stand.enter()
    const to = new SshWriter().string('web-1').uint32(22).string('127.0.0.1').uint32(1).take()
    client.say({
      type: 'open',
      channel: 'direct-tcpip',
      sender: 90,
      window: MIB,
      maxPacket: 32_768,
      data: to,
    })
    const recipient = (await client.heard(SSH.channelOpenConfirmation)).readUInt32BE(5)
    const say = (words: string): void => client.say({ type: 'data', recipient, data: Buffer.from(words) })
    // No identification: the gateway closes from its side.
    say('GET / HTTP/1.1\r\n\r\n')
    await client.heard(SSH.channelClose)
    expect(session.guard.outcomes.get(1)?.bytes).toBeGreaterThan(18)
    say('x'.repeat(32_000))
    client.say({ type: 'eof', recipient })
    client.say({ type: 'eof', recipient })
    say('behind the end')
    client.say({ type: 'window_adjust', recipient, bytes: 1 })
    const channel = await client.start('exec', 'echo on')
    await client.until(() => channel.state === 'over')
    expect(channel.out.toString()).toBe('on\n')
  })

  it.skipIf(sftpServer === '')(
    'where a command is forced, what runs is what counts: its input is recorded as commands, its files as files',
    async () => {
      const shell = await openRelayStand({}, 'sh')
      try {
        const { client, session } = await shell.enter()
        const channel = await client.start('exec', 'cat > /dev/null')
        await client.pourAll(channel, Buffer.from('#'.repeat(1023).concat('\n').repeat(1024)))
        await client.pourAll(channel, Buffer.from('echo hid""den\n'))
        await end(client, channel)
        expect(channel.out.toString()).toBe('hidden\n')
        expect(session.guard.actions[0]?.detail).toEqual({ forced: 'sh' })
        expect(session.guard.said(1, 'i').slice(MIB)).toBe('echo hid""den\n')
      } finally {
        await shell.close()
      }
      const files = await openRelayStand({}, sftpServer)
      try {
        const { client, session } = await files.enter({ refuse: ['file_writes'] })
        const channel = await client.start('exec', 'anything')
        const packet = (body: SshWriter): Buffer => new SshWriter().string(body.take()).take()
        await client.pourAll(channel, packet(new SshWriter().uint8(1).uint32(3)))
        await client.pourAll(
          channel,
          packet(new SshWriter().uint8(14).uint32(7).string('/tmp/bg-never').uint32(0)),
        )
        await eventually(() => session.guard.actions[1]).toMatchObject({
          kind: 'sftp_mkdir',
          objections: [{ rule: 'file_writes' }],
        })
      } finally {
        await files.close()
      }
    },
  )

  describe('of places where the target listens for the client', () => {
    let forwarding: RelayStand
    beforeAll(async () => {
      forwarding = await openRelayStand({ allow: ['remote_forwarding'] })
    })
    afterAll(() => forwarding.close())
    const place = (port: number, host = '127.0.0.1'): Buffer =>
      new SshWriter().string(host).uint32(port).take()
    /** The answer to a request about the connection, with the port where one was chosen. */
    const ask = async (client: RawSshClient, name: string, data: Buffer): Promise<number | false> => {
      client.say({ type: 'global_request', name, wantReply: true, data })
      const answer = await client.heard(SSH.requestSuccess, SSH.requestFailure)
      return answer[0] === SSH.requestSuccess && (answer.length > 1 ? answer.readUInt32BE(1) : 0)
    }
    const knock = (port: number): Promise<boolean> =>
      new Promise(resolve => {
        const socket = connect(port, '127.0.0.1')
        socket.on('error', () => resolve(false)).on('connect', () => resolve(true))
        socket.on('close', () => socket.destroy()).resume()
      })

    it('one that was chosen, used and cancelled leaves what came of it, and nothing opens channels from there any more', async () => {
      const { client, session } = await forwarding.enter()
      const { guard } = session
      const port = (await ask(client, 'tcpip-forward', place(0))) as number
      expect(port).toBeGreaterThan(0)
      expect(guard.outcomes.size).toBe(0)
      expect(await knock(port)).toBe(true)
      const opened = await client.heard(SSH.channelOpen)
      expect(opened.toString('latin1')).toContain('forwarded-tcpip')
      await eventually(() => guard.actions[1]?.text).toBe(`127.0.0.1:${port}`)
      expect(await ask(client, 'cancel-tcpip-forward', place(port + 1))).toBe(false)
      expect(await ask(client, 'cancel-tcpip-forward', place(port, '127.0.0.2'))).toBe(false)
      expect(await ask(client, 'cancel-tcpip-forward', place(port))).not.toBe(false)
      expect(guard.outcomes.get(1)).toMatchObject({
        detail: { listened: `127.0.0.1:${port}`, connections: 1 },
      })
      expect(await ask(client, 'cancel-tcpip-forward', place(port))).toBe(false)
      expect(await knock(port)).toBe(false)
      client.socket.destroy()
    })

    it('one that the target refuses is on record as refused by it', async () => {
      const { client, session } = await forwarding.enter()
      const taken = createServer().listen(0, '127.0.0.1')
      await once(taken, 'listening')
      const { port } = taken.address() as AddressInfo
      expect(await ask(client, 'tcpip-forward', place(port))).toBe(false)
      expect(session.guard.outcomes.get(1)?.error?.code).toBe('listen_failed')
      expect(await ask(client, 'cancel-tcpip-forward', place(port))).toBe(false)
      taken.close()
      client.socket.destroy()
    })

    it('one for which no answer is wanted, and one that the session takes with it', async () => {
      const { client, session } = await forwarding.enter()
      const port = (await ask(client, 'tcpip-forward', place(0))) as number
      client.say({ type: 'global_request', name: 'tcpip-forward', wantReply: false, data: place(0) })
      // Answers stay with their questions, though the target answers one more than were asked.
      expect(await ask(client, 'cancel-tcpip-forward', place(1))).toBe(false)
      expect(await ask(client, 'cancel-tcpip-forward', place(port))).toBe(0)
      client.socket.destroy()
      await session.end
      expect(new Set(session.guard.outcomes.keys())).toEqual(new Set([1, 2]))
      expect(session.guard.outcomes.get(2)).toMatchObject({ detail: { connections: 0 } })
    })
  })
})
