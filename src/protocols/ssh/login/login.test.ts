import { createHash, createHmac, generateKeyPairSync, pbkdf2Sync, randomBytes } from 'node:crypto'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '../../../kernel/faults.ts'
import type { LoginDesk, ScramVerifier } from '../../../target/protocol.ts'
import { ED25519, publicBlob } from '../keys/public-blob.ts'
import { SshReader, SshWriter } from '../messages/fields.ts'
import { SSH } from '../messages/numbers.ts'
import { rawClient } from '../transport/raw-client.suite.ts'
import type { SshClient } from './client.ts'
import { readLogin } from './login.ts'

const SECRET = 'k3-correct-horse'
const host = generateKeyPairSync('ed25519').privateKey
const ours = generateKeyPairSync('ed25519').privateKey
const other = generateKeyPairSync('ed25519').privateKey
const verifier = verifierOf(SECRET)

let server: Server
let port: number
let clients: Promise<SshClient | undefined>[]
let failures: string[]
let sockets: Set<Socket>
let timeoutMs: number

beforeEach(async () => {
  clients = []
  failures = []
  sockets = new Set()
  timeoutMs = 5_000
  const desk: LoginDesk = {
    tls: undefined as unknown as SecureContext,
    get timeoutMs() {
      return timeoutMs
    },
    verifier: async login => (login === 'bg_ours' || login === 'bg_second' ? verifier : undefined),
    publicKey: async login => (login === 'bg_ours' ? publicBlob(ours) : undefined),
    failed: (login, remote, why) => void failures.push(`${login} ${remote} ${why}`),
  }
  server = createServer(socket => {
    sockets.add(socket)
    clients.push(readLogin(socket, '127.0.0.1', desk, { hostKey: host, enumerationKey: Buffer.alloc(32) }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as { port: number }).port
})

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await Promise.all(clients)
  await new Promise(resolve => server.close(resolve))
})

const door = () => rawClient(port, [publicBlob(host)])
const request = (user: string, method: string): SshWriter =>
  new SshWriter().uint8(SSH.userauthRequest).string(user).string('ssh-connection').string(method)
const offer = (user: string, key: Buffer): Buffer =>
  request(user, 'publickey').boolean(false).string(ED25519).string(key).take()
const password = (user: string, secret: string): Buffer =>
  request(user, 'password').boolean(false).string(secret).take()

describe('a login', () => {
  it('is proven by the key that was given out with it, and success waits for our word', async () => {
    const client = await door()
    await client.toLogin()
    client.send(offer('bg_ours', publicBlob(ours)))
    expect((await client.next())[0]).toBe(SSH.userauthPkOk)
    client.send(client.signed('bg_ours', ours))
    const proven = await clients[0]
    expect(proven?.login).toBe('bg_ours')
    expect(proven?.application).toBe('raw')
    await proven?.refuse(new Fault('grant.not_active', 'The grant has expired.', { next: 'Ask again.' }))
    const banner = await client.next()
    expect(banner[0]).toBe(SSH.userauthBanner)
    expect(new SshReader(banner, 1).text()).toBe('breakglass: The grant has expired.\r\n  Ask again.\r\n')
    expect(await client.closed).toBe('The grant has expired.')
    expect(failures).toEqual([])
  })

  it.each([
    ['password', (secret: string) => [password('bg_ours', secret)]],
    [
      'keyboard-interactive',
      (secret: string) => [
        request('bg_ours', 'keyboard-interactive').string('').string('').take(),
        new SshWriter().uint8(SSH.userauthInfoResponse).uint32(1).string(secret).take(),
      ],
    ],
  ])('is proven by the session secret: %s', async (_, messages) => {
    const right = await door()
    await right.toLogin()
    for (const message of messages(SECRET)) right.send(message)
    expect((await clients[0])?.login).toBe('bg_ours')
    const wrong = await door()
    await wrong.toLogin()
    for (const message of messages(`${SECRET}x`)) wrong.send(message)
    await wrong.nextOf(SSH.userauthFailure)
    wrong.transport.destroy()
    expect(await clients[1]).toBeUndefined()
    expect(failures).toEqual(['bg_ours 127.0.0.1 wrong secret or key, or unknown login'])
  })

  it('of a name nobody was given goes through the same motions', async () => {
    const client = await door()
    await client.toLogin()
    client.send(offer('bg_nobody', publicBlob(ours)))
    expect((await client.next())[0]).toBe(SSH.userauthFailure)
    client.send(password('bg_nobody', SECRET))
    expect((await client.next())[0]).toBe(SSH.userauthFailure)
  })

  it('is given up after three proofs that failed, with one report', async () => {
    const client = await door()
    await client.toLogin()
    for (let attempt = 0; attempt < 3; attempt++) client.send(password('bg_ours', `wrong ${attempt}`))
    expect(await client.closed).toContain('wrong secret')
    expect(await clients[0]).toBeUndefined()
    expect(failures).toHaveLength(1)
  })

  it('that is not finished in time is given up', async () => {
    timeoutMs = 100
    const client = await door()
    await client.toLogin()
    client.send(offer('bg_ours', publicBlob(ours)))
    expect(await client.closed).toBe('too slow')
    expect(await clients[0]).toBeUndefined()
  })

  it('may offer many keys, as an agent does, before the one that signs', async () => {
    const client = await door()
    await client.toLogin()
    for (let key = 0; key < 12; key++) {
      client.send(offer('bg_ours', publicBlob(generateKeyPairSync('ed25519').privateKey)))
      expect((await client.next())[0]).toBe(SSH.userauthFailure)
    }
    client.send(client.signed('bg_ours', ours))
    expect((await clients[0])?.login).toBe('bg_ours')
  })
})

describe('attack 1: only the key that signed counts', () => {
  it('an offer without a signature proves nothing', async () => {
    const client = await door()
    await client.toLogin()
    for (let time = 0; time < 5; time++) client.send(offer('bg_ours', publicBlob(ours)))
    client.transport.destroy()
    expect(await clients[0]).toBeUndefined()
  })

  it.each([
    ['key A offered and named, signed by B', { offered: publicBlob(ours) }, other],
    ['another session signed for', { session: randomBytes(32) }, ours],
    ['another name signed for', { asUser: 'bg_second' }, ours],
  ] as const)('%s is refused', async (_, over, key) => {
    const client = await door()
    await client.toLogin()
    client.send(offer('bg_ours', publicBlob(ours)))
    expect((await client.next())[0]).toBe(SSH.userauthPkOk)
    client.send(client.signed('bg_ours', key, over))
    expect((await client.next())[0]).toBe(SSH.userauthFailure)
    client.transport.destroy()
    expect(await clients[0]).toBeUndefined()
  })

  it('a key that signs well but is not the login’s is refused', async () => {
    const client = await door()
    await client.toLogin()
    client.send(offer('bg_ours', publicBlob(ours)))
    await client.nextOf(SSH.userauthPkOk)
    client.send(client.signed('bg_ours', other))
    expect((await client.next())[0]).toBe(SSH.userauthFailure)
  })
})

describe('attack 2: nothing carries over from one name to the next', () => {
  it('an answer to a question that was asked of another name is no answer', async () => {
    const client = await door()
    await client.toLogin()
    client.send(request('bg_second', 'keyboard-interactive').string('').string('').take())
    await client.nextOf(SSH.userauthInfoRequest)
    client.send(request('bg_ours', 'none').take())
    await client.nextOf(SSH.userauthFailure)
    client.send(new SshWriter().uint8(SSH.userauthInfoResponse).uint32(1).string(SECRET).take())
    await client.closed
    expect(await clients[0]).toBeUndefined()
  })

  it('a failed name leaves no right to the one that follows', async () => {
    const client = await door()
    await client.toLogin()
    client.send(offer('bg_ours', publicBlob(ours)))
    await client.nextOf(SSH.userauthPkOk)
    client.send(client.signed('bg_second', ours))
    expect((await client.next())[0]).toBe(SSH.userauthFailure)
    client.send(client.signed('bg_ours', ours))
    expect((await clients[0])?.login).toBe('bg_ours')
  })
})

describe('attack 13: what is no login', () => {
  it.each([
    ['a channel before the login', new SshWriter().uint8(SSH.channelOpen).string('session').uint32(0).take()],
    ['another service', request('bg_ours', 'none').take().subarray(0, 3)],
    ['an overlong name', request('x'.repeat(201), 'none').take()],
  ])('%s ends the connection', async (_, payload) => {
    const client = await door()
    await client.toLogin()
    client.send(payload)
    await client.closed
    expect(await clients[0]).toBeUndefined()
  })

  it('rubbish at the door costs nobody else anything', async () => {
    const rubbish = connect({ port, host: '127.0.0.1' })
    rubbish.on('error', () => undefined).resume()
    rubbish.write(`SSH-2.0-x\r\n${'\xff'.repeat(4096)}`)
    const plain = connect({ port, host: '127.0.0.1' })
    plain.on('error', () => undefined).resume()
    plain.write('GET / HTTP/1.1\r\n\r\n')
    await Promise.all([rubbish, plain].map(socket => new Promise(resolve => socket.once('close', resolve))))
    const client = await door()
    await client.toLogin()
    client.send(client.signed('bg_ours', ours))
    expect((await clients[2])?.login).toBe('bg_ours')
  })
})

function verifierOf(secret: string): ScramVerifier {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(secret, salt, 4096, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  return {
    salt,
    iterations: 4096,
    storedKey: createHash('sha256').update(clientKey).digest(),
    serverKey: createHmac('sha256', salted).update('Server Key').digest(),
  }
}
