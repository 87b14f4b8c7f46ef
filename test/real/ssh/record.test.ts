/** What a session leaves in the record, asked of the protocol between a real sshd and a client that sends what it likes. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SshWriter } from '../../../src/protocols/ssh/messages/fields.ts'
import { eventually, rest } from '../../../src/target/contract/stand.suite.ts'
import { missingSshd } from './lab.ts'
import type { RawChannel, RawSshClient } from './raw-client.ts'
import { openRelayStand, type RelayStand } from './relay-stand.ts'

const MIB = 1024 * 1024

function terminal(cols: number, rows: number): Buffer {
  return new SshWriter().string('xterm').uint32(cols).uint32(rows).uint32(0).uint32(0).string('').take()
}
const size = (cols: number, rows: number): Buffer =>
  new SshWriter().uint32(cols).uint32(rows).uint32(0).uint32(0).take()
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
})
