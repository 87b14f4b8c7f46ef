/** Attacks of the security list that are told in SSH, against the whole server. Those that every protocol meets are in its contract. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ED25519, publicBlob } from '../../../src/protocols/ssh/keys/public-blob.ts'
import { SshReader, SshWriter } from '../../../src/protocols/ssh/messages/fields.ts'
import { SSH } from '../../../src/protocols/ssh/messages/numbers.ts'
import { publickeyRequest } from '../../../src/protocols/ssh/messages/userauth.ts'
import { missing } from '../servers/missing.ts'
import type { Api } from '../world.ts'
import { ClientStand, run } from './client-stand.ts'
import { missingSshd } from './lab.ts'
import { openSession, RawSshClient, startRequest } from './raw-client.ts'

interface Login {
  readonly login: string
  readonly secret: string
  readonly port: number
  readonly host_keys: readonly string[]
}

const newKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey

/** A request by key whose parts a test puts together as an attacker would. */
function keyRequest(told: { user: string; key: KeyObject; signature?: Buffer }): Buffer {
  const { user, key, signature } = told
  const writer = new SshWriter().uint8(SSH.userauthRequest).string(user).string('ssh-connection')
  writer
    .string('publickey')
    .boolean(signature !== undefined)
    .string(ED25519)
    .string(publicBlob(key))
  return signature ? writer.string(signature).take() : writer.take()
}

function signed(about: { sessionId: Buffer; user: string; key: KeyObject; by: KeyObject }): Buffer {
  const { sessionId, user, key, by } = about
  const request = publickeyRequest({ user, algorithm: ED25519, key: publicBlob(key) })
  const data = new SshWriter().string(sessionId).bytes(request).take()
  return new SshWriter()
    .string(ED25519)
    .string(sign(null, data, by))
    .take()
}

describe.skipIf(missingSshd.length > 0 || missing('postgres15').length > 0)('attacks in SSH', () => {
  let stand: ClientStand
  let api: Api
  let own: KeyObject
  let way: Login
  let pin: Buffer

  beforeAll(async () => {
    stand = await ClientStand.start()
    api = stand.api
    own = newKey()
    way = await register(own)
    pin = Buffer.from(way.host_keys[0]?.split(' ').at(-1) ?? '', 'base64')
  })
  afterAll(() => stand.stop())

  const register = (key: KeyObject, grant = stand.grant): Promise<Login> =>
    api.post<Login>(`/v1/grants/${grant}/credential`, {
      public_key: `ssh-ed25519 ${publicBlob(key).toString('base64')}`,
    })
  const raw = (): Promise<RawSshClient> => RawSshClient.connect(way.port, pin)
  const entered = async (): Promise<RawSshClient> => {
    const client = await raw()
    expect(await client.proveKey(way.login, own)).toBe(true)
    return client
  }
  /** The answer to one request of the login phase. */
  const answerTo = async (client: RawSshClient, request: Buffer): Promise<string> => {
    client.send(request)
    const [kind] = await client.heard(SSH.userauthSuccess, SSH.userauthFailure, SSH.userauthPkOk)
    return kind === SSH.userauthSuccess ? 'in' : kind === SSH.userauthPkOk ? 'would do' : 'no'
  }
  const events = async (type: string): Promise<number> => {
    let count = 0
    for await (const entry of stand.world.server.store.control.entries(0)) if (entry.type === type) count++
    return count
  }

  it('attack 1: a key that is offered without a signature opens nothing', async () => {
    const client = await raw()
    const before = await events('session.opened')
    expect(await answerTo(client, keyRequest({ user: way.login, key: own }))).toBe('would do')
    client.send(openSession(0))
    await client.untilClosed()
    expect(client.words.join()).toContain('before the login')
    expect(await events('session.opened')).toBe(before)
  })

  it('attack 1: only what signed counts, for this connection, this name and this key', async () => {
    const foreign = newKey()
    const { login: user } = way
    const tries: readonly (readonly [string, (id: Buffer) => Buffer])[] = [
      [
        'our key, signed by another',
        id =>
          keyRequest({ user, key: own, signature: signed({ sessionId: id, user, key: own, by: foreign }) }),
      ],
      [
        'another key that signs for ours',
        id =>
          keyRequest({
            user,
            key: foreign,
            signature: signed({ sessionId: id, user, key: own, by: foreign }),
          }),
      ],
      [
        'another key by itself',
        id =>
          keyRequest({
            user,
            key: foreign,
            signature: signed({ sessionId: id, user, key: foreign, by: foreign }),
          }),
      ],
      [
        'a signature of another connection',
        () =>
          keyRequest({
            user,
            key: own,
            signature: signed({ sessionId: randomBytes(32), user, key: own, by: own }),
          }),
      ],
      [
        'a signature for another name',
        id =>
          keyRequest({
            user,
            key: own,
            signature: signed({ sessionId: id, user: 'bg_other', key: own, by: own }),
          }),
      ],
      ['a signature that is empty', () => keyRequest({ user, key: own, signature: Buffer.alloc(0) })],
      [
        'a signature that is cut',
        id =>
          keyRequest({
            user,
            key: own,
            signature: signed({ sessionId: id, user, key: own, by: own }).subarray(0, -1),
          }),
      ],
    ]
    const before = await events('session.opened')
    for (const [what, request] of tries) {
      const client = await raw()
      const answer = await answerTo(client, request(client.sessionId)).catch(() => 'no')
      expect({ what, answer }).toEqual({ what, answer: 'no' })
      client.socket.destroy()
    }
    expect(await events('session.opened')).toBe(before)
  })

  it('attack 1: offering our key and signing with another one registered elsewhere is no way in', async () => {
    const second = newKey()
    const other = await register(second)
    const client = await raw()
    expect(await answerTo(client, keyRequest({ user: way.login, key: own }))).toBe('would do')
    const signature = signed({ sessionId: client.sessionId, user: way.login, key: second, by: second })
    expect(await answerTo(client, keyRequest({ user: way.login, key: second, signature }))).toBe('no')
    // Under the name it belongs to it is good.
    expect(await client.proveKey(other.login, second)).toBe(true)
    client.socket.destroy()
  })

  it('attack 2: nothing carries over when the name changes on one connection', async () => {
    const client = await raw()
    expect(await answerTo(client, keyRequest({ user: way.login, key: own }))).toBe('would do')
    const other = newKey()
    const signature = signed({ sessionId: client.sessionId, user: 'bg_other', key: other, by: other })
    expect(await answerTo(client, keyRequest({ user: 'bg_other', key: other, signature }))).toBe('no')
    // The question was asked for one name; a request for another forgets it, and the answer is one to nothing.
    const ask = new SshWriter().uint8(SSH.userauthRequest).string('bg_other').string('ssh-connection')
    client.send(ask.string('keyboard-interactive').string('').string('').take())
    await client.heard(SSH.userauthInfoRequest)
    expect(await answerTo(client, keyRequest({ user: way.login, key: own }))).toBe('would do')
    client.send(new SshWriter().uint8(SSH.userauthInfoResponse).uint32(1).string(way.secret).take())
    await client.untilClosed()
    expect(client.words.join()).toContain('an answer to no question')
  })

  it('attack 2: who fails under one name and proves another is the other, in the record as well', async () => {
    const client = await raw()
    await answerTo(client, keyRequest({ user: 'bg_other', key: own, signature: Buffer.from('no') })).catch(
      () => 'no',
    )
    const again = client.closed ? await raw() : client
    expect(await again.proveKey(way.login, own)).toBe(true)
    const channel = await again.start('exec', 'echo mine')
    await again.until(() => channel.state === 'over')
    expect(channel.out.toString()).toBe('mine\n')
    again.socket.destroy()
    expect(await stand.recorded()).toContain('exec echo mine')
  })

  it('attack 5: a login from another address is refused with the reason, and that is a finding', async () => {
    const bound = await stand.world.way(api, stand.grant)
    const first = await run('ssh', ['-F', bound.config, 'web-1', 'echo in'])
    expect(first.out).toBe('in\n')
    const before = await events('finding.raised')
    const second = await run('ssh', ['-F', bound.config, '-b', '127.0.0.2', 'web-1', 'echo in'])
    expect(second.err).toMatch(/another address/)
    expect(second).toMatchObject({ out: '', code: 255 })
    await expect.poll(() => events('finding.raised')).toBe(before + 1)
  })

  it('attack 5: a login after the end is refused with the reason', async () => {
    const { api: late, grant, way: ended } = await stand.world.enter({ api })
    await late.post(`/v1/grants/${grant}/close`)
    const tried = await run('ssh', ['-F', ended.config, 'web-1', 'echo in'])
    expect(tried.err).toMatch(/breakglass: .*(closed by its owner|ended: completed)/)
    expect(tried).toMatchObject({ out: '', code: 255 })
  })

  it('attack 7: what is outside the scope is refused on every channel, whatever else is open, and is on record', async () => {
    const client = await entered()
    const running = await client.start('exec', 'sleep 60')
    const open = (channel: string, data: Buffer): Promise<Buffer> => {
      client.say({ type: 'open', channel, sender: 77, window: 1 << 20, maxPacket: 1 << 15, data })
      return client.heard(SSH.channelOpenFailure, SSH.channelOpenConfirmation)
    }
    const tcp = (host: string, port: number): Buffer =>
      new SshWriter().string(host).uint32(port).string('127.0.0.1').uint32(1).take()
    const socket = (path: string): Buffer => new SshWriter().string(path).string('').uint32(0).take()
    for (const [channel, data] of [
      ['direct-tcpip', tcp('127.0.0.1', 1)],
      ['direct-tcpip', tcp('localhost', stand.echoPort)],
      ['direct-tcpip', tcp('127.0.0.1', stand.echoPort + 65_536)],
      ['direct-tcpip', tcp('127.0.0.1\0.evil', stand.echoPort)],
      ['direct-tcpip', tcp('127.0.0.1\n', stand.echoPort)],
      ['direct-streamlocal@openssh.com', socket('/run/docker.sock')],
      ['tun@openssh.com', new SshWriter().uint32(1).uint32(0).take()],
      ['x11', tcp('127.0.0.1', 6000)],
      ['auth-agent@openssh.com', Buffer.alloc(0)],
      ['forwarded-tcpip', tcp('127.0.0.1', 1)],
    ] as const) {
      const answer = await open(channel, data)
      expect([channel, answer[0]]).toEqual([channel, SSH.channelOpenFailure])
    }
    expect(running.state).toBe('open')
    client.socket.destroy()
    const recorded = await stand.recorded()
    expect(recorded.filter(line => line.includes('refused'))).toHaveLength(10)
  })

  it('attack 7: while approval is pending there is no login to try', async () => {
    await stand.world.incident({ id: 'INC-2', declared_by: 'ben@acme.example' })
    stand.world.clock.pass(31_000)
    const ben = await stand.world.signIn('ben')
    const { incidents } = await ben.get<{ incidents: { id: string; declared_by: string }[] }>('/v1/incidents')
    const incident = incidents.find(({ declared_by }) => declared_by === 'ben')?.id
    const wish = { target: 'web-1', reason: 'soon', incident }
    const { id, state } = await ben.post<{ id: string; state: string }>('/v1/grants', wish)
    expect(state).toBe('verified')
    const before = await events('session.opened')
    const asked = ben.post(`/v1/grants/${id}/credential`, {
      public_key: `ssh-ed25519 ${publicBlob(newKey()).toString('base64')}`,
    })
    await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^grant\./) })
    expect(await events('session.opened')).toBe(before)
  })

  it('attack 9: the agent stays at home, and no socket for it is made at the target', async () => {
    const client = await entered()
    const channel = await client.open()
    const request = {
      type: 'request',
      recipient: channel.theirs,
      wantReply: true,
      data: Buffer.alloc(0),
    } as const
    client.say({ ...request, name: 'auth-agent-req@openssh.com' })
    await client.until(() => channel.answers.length === 1)
    expect(channel.answers).toEqual([false])
    client.send(startRequest(channel.theirs, 'exec', 'echo "[$SSH_AUTH_SOCK]"'))
    await client.until(() => channel.state === 'over')
    expect(channel.out.toString()).toBe('[]\n')
    client.socket.destroy()
  })

  it('attack 13: names and lines with a NUL or a line break are literal or refused', async () => {
    for (const user of [
      `${way.login}\0`,
      `${way.login}\n`,
      ` ${way.login}`,
      way.login.toUpperCase(),
      '',
      'ä'.repeat(500),
    ]) {
      const client = await raw()
      const proven = await client.proveKey(user, own).catch(() => false)
      expect({ user, proven }).toEqual({ user, proven: false })
      client.socket.destroy()
    }
    const client = await entered()
    const channel = await client.start('exec', 'echo one\0; echo two')
    await client.until(() => channel.state === 'over')
    expect(channel.out.toString()).toBe('')
    expect(channel.err).toContain('NUL')
    const subsystem = await client.start('subsystem', 'sftp\0')
    await client.until(() => subsystem.state === 'over')
    expect(`${subsystem.out.toString()}${subsystem.err}`).toContain('subsystem')
    client.socket.destroy()
  })

  it('attack 13: a thousand half-open sockets cost nobody anything', async () => {
    const sockets: Socket[] = Array.from({ length: 1_000 }, (_, at) => {
      const socket = connect(way.port, '127.0.0.1').on('error', () => undefined)
      if (at % 2 === 0) socket.write('SSH-2.0-half')
      return socket
    })
    try {
      expect(await stand.ssh(['web-1', 'echo in'])).toMatchObject({ out: 'in\n' })
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  })

  it('attack 13: an identification, a packet and a message without end are cut off', async () => {
    /** Resolves when the gateway has closed, however much was sent until then. */
    const endless = (start: Buffer, more: Buffer): Promise<void> =>
      new Promise(resolve => {
        const socket = connect(way.port, '127.0.0.1')
        const pour = (): void => {
          if (!socket.destroyed && socket.write(more)) setImmediate(pour)
        }
        socket.on('error', () => undefined)
        socket.on('close', () => resolve())
        socket.on('drain', pour)
        socket.resume()
        socket.write(start)
        pour()
      })
    const more = Buffer.alloc(65_536, 'x')
    const length = Buffer.from([0xff, 0xff, 0xff, 0xff])
    for (const start of [
      Buffer.from('SSH-2.0-'),
      Buffer.from('GET / HTTP/1.1\r\n'),
      Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), length]),
    ]) {
      await endless(start, more)
    }
    expect(await stand.ssh(['web-1', 'echo in'])).toMatchObject({ out: 'in\n' })
  })

  it('attack 13: who never reads holds up nobody, and what waits for them is bounded', async () => {
    const memory = (): number => process.memoryUsage().rss
    const client = await entered()
    const slow = await client.open()
    client.send(startRequest(slow.theirs, 'exec', 'yes'))
    await client.until(() => slow.out.length > 0)
    client.socket.pause()
    const before = memory()
    for (let turn = 0; turn < 5; turn++)
      expect(await stand.ssh(['web-1', 'echo in'])).toMatchObject({ out: 'in\n' })
    // The client is in this process as well, and keeps at most one MiB of what it reads.
    expect(memory() - before).toBeLessThan(200 << 20)
    client.socket.destroy()
  })

  it('attack 16: a login for the host is none for the database, nor the other way round', async () => {
    const database = await stand.world.open()
    const credential = await stand.world.connect(database.api, database.grant)
    const misused = new pg.Client({
      host: credential.host,
      port: credential.port,
      user: way.login,
      password: way.secret,
      database: credential.database,
      ssl: { ca: readFileSync(credential.caFile, 'utf8') },
    })
    await expect(misused.connect()).rejects.toThrow(/does not speak postgres/)
    const client = await raw()
    const proven = await client.proveSecret(credential.login, credential.secret).catch(() => false)
    expect(proven).toBe(false)
    expect(client.words.join()).toMatch(/does not speak ssh/)
    client.socket.destroy()
  })

  it.skipIf(missing('ssh-audit').length > 0)('ssh-audit finds no algorithm that fails', async () => {
    const audited = await run('ssh-audit', ['-j', '-p', String(way.port), '127.0.0.1'])
    const report = JSON.parse(audited.out) as Record<'kex' | 'key' | 'enc' | 'mac', { algorithm: string }[]>
    const offered = [report.kex, report.key, report.enc, report.mac].flatMap(list =>
      list.map(one => one.algorithm),
    )
    expect(offered).toContain('curve25519-sha256')
    const told = await run('ssh-audit', ['-n', '-l', 'fail', '-p', String(way.port), '127.0.0.1'])
    expect(told.out).not.toMatch(/\[fail\]/)
    expect(new SshReader(pin).text()).toBe(ED25519)
  })
})
