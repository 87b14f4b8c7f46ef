import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { createServer } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, it } from 'vitest'
import type { AlertMessage } from '../../alert.ts'
import { channelContract, MESSAGE } from '../../channel-contract.suite.ts'
import { type Receiver, startReceiver } from '../../receiver.suite.ts'
import { createChannel } from '../registry.ts'
import { addressGuard } from './address-guard.ts'
import { sign } from './sign.ts'

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const settings = (url: string, more: { allow?: readonly string[]; secret?: () => string } = {}) => ({
  channel: 'webhook',
  url,
  secret: () => SECRET,
  allow: ['127.0.0.1'],
  ...more,
})

channelContract({
  kind: 'webhook',
  async start() {
    const receiver = await startReceiver()
    const make = () => createChannel(settings(receiver.url))
    return {
      channel: make(),
      again: make,
      received: () => receiver.heard.map(({ body }) => JSON.parse(body) as AlertMessage),
      be: how =>
        receiver.answer((_, response) => {
          if (how === 'endless') {
            response.writeHead(200)
            const more = setInterval(() => response.write('x'.repeat(4096)), 1)
            response.on('close', () => clearInterval(more))
          } else response.writeHead({ well: 200, unwilling: 400, busy: 503 }[how]).end()
        }),
      vanish: () => receiver.close(),
      stop: () => receiver.close(),
    }
  },
})

describe('webhook channel', () => {
  let receiver: Receiver | undefined
  afterEach(() => receiver?.close())

  it('signs so that the library of Standard Webhooks verifies it', async () => {
    receiver = await startReceiver()
    await createChannel(settings(receiver.url)).send(MESSAGE)
    const [heard] = receiver.heard
    expect(new Webhook(SECRET).verify(heard?.body ?? '', heard?.headers as Record<string, string>)).toEqual(
      MESSAGE,
    )
    expect(heard?.headers['webhook-id']).toBe(MESSAGE.id)
  })

  it('signs with ed25519 for a whsk_ secret, of 32 bytes as of 64', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const { d = '', x = '' } = privateKey.export({ format: 'jwk' })
    const seed = Buffer.from(d, 'base64url')
    const both = Buffer.concat([seed, Buffer.from(x, 'base64url')])
    for (const bytes of [seed, both]) {
      const [version, signature = ''] = sign(
        `whsk_${bytes.toString('base64')}`,
        'a_1',
        1_700_000_000,
        '{}',
      ).split(',')
      expect(version).toBe('v1a')
      const text = Buffer.from('a_1.1700000000.{}')
      expect(verify(null, text, createPublicKey(privateKey), Buffer.from(signature, 'base64'))).toBe(true)
    }
  })

  it.each(['', 'secret', 'whsec_', 'whsec_c2hvcnQ=', 'whsec_***', 'whsk_AAAA'])(
    'refuses the secret %j',
    secret => {
      expect(() => sign(secret, 'a', 1, '')).toThrowError(expect.objectContaining({ code: 'config.invalid' }))
    },
  )

  it('follows no redirect', async () => {
    const other = await startReceiver()
    receiver = await startReceiver()
    receiver.answer((_, response) => response.writeHead(307, { location: other.url }).end())
    await expect(createChannel(settings(receiver.url)).send(MESSAGE)).rejects.toMatchObject({
      kind: 'refused',
    })
    expect(other.heard).toEqual([])
    await other.close()
  })

  it('waits as long as a busy receiver asks', async () => {
    receiver = await startReceiver()
    receiver.answer((_, response) => response.writeHead(429, { 'retry-after': '7' }).end())
    await expect(createChannel(settings(receiver.url)).send(MESSAGE)).rejects.toMatchObject({
      retryAfterMs: 7_000,
    })
  })

  it('gives up on a receiver that takes the connection and says nothing', async () => {
    const mute = createServer(() => undefined)
    await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
    const { port } = mute.address() as { port: number }
    await expect(createChannel(settings(`http://127.0.0.1:${port}`)).send(MESSAGE)).rejects.toMatchObject({
      kind: 'unreachable',
      message: 'no answer within 5 s',
    })
    mute.close()
  })

  it('reaches no private address that is not listed, by number or by name', async () => {
    receiver = await startReceiver()
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1']) {
      const channel = createChannel(settings(`http://${host}:${receiver.port}/`, { allow: [] }))
      await expect(channel.send(MESSAGE)).rejects.toBeInstanceOf(Error)
    }
    expect(receiver.heard).toEqual([])
  })

  it('reads the secret at each delivery, so that it can be rotated', async () => {
    receiver = await startReceiver()
    let secret = SECRET
    const channel = createChannel(settings(receiver.url, { secret: () => secret }))
    await channel.send(MESSAGE)
    secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
    await channel.send(MESSAGE)
    const [, second] = receiver.heard
    expect(new Webhook(secret).verify(second?.body ?? '', second?.headers as Record<string, string>)).toEqual(
      MESSAGE,
    )
    channel.close()
  })

  it.each(['ftp://soc.acme.example', 'soc', ''])('refuses the url %j', url => {
    expect(() => createChannel(settings(url))).toThrowError(
      expect.objectContaining({ code: 'config.invalid' }),
    )
  })

  it('refuses a kind of channel that does not exist', () => {
    expect(() => createChannel({ ...settings('http://a.example'), channel: 'constructor' })).toThrowError(
      expect.objectContaining({ code: 'config.invalid' }),
    )
  })
})

describe('addressGuard', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'not an address',
    '',
  ])('refuses %s unless listed', address => {
    expect(addressGuard([]).allows(address)).toBe(false)
  })

  it.each(['1.1.1.1', '172.32.0.1', '2606:4700::1111'])('allows %s', address => {
    expect(addressGuard([]).allows(address)).toBe(true)
  })

  it('allows what is listed, singly or as a range, and nothing beside it', () => {
    const guard = addressGuard(['10.1.0.0/16', '127.0.0.1', 'fd00::/8'])
    expect(['10.1.9.9', '127.0.0.1', 'fd00::7'].every(address => guard.allows(address))).toBe(true)
    expect(['10.2.0.1', '127.0.0.2', 'fe80::1'].some(address => guard.allows(address))).toBe(false)
  })
})
