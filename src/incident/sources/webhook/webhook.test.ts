import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { sourceContract } from '../../source-contract.suite.ts'
import { webhook } from './index.ts'

const NOW = Date.UTC(2026, 10, 19, 1, 14, 6)
const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const OTHER = `whsec_${Buffer.alloc(32, 2).toString('base64')}`

const message = {
  type: 'incident.updated',
  timestamp: '2026-11-19T01:14:00Z',
  not_yet_known: { a: [1] },
  data: {
    id: 'INC-42',
    title: 'Orders fail\nfor everybody\u0000',
    status: 'open',
    severity: 'critical',
    services: ['orders', 'checkout', 'a'.repeat(65), 7],
    environments: ['production'],
    responders: [
      { person: 'ana@acme.example', role: 'lead', state: 'accepted', colour: 'red' },
      { person: 'tomas@acme.example' },
      { person: 'nobody@acme.example', state: 'thinking' },
    ],
    declared_by: { machine: 'monitor' },
    opened_at: '2026-11-19T02:10:00+01:00',
    url: 'javascript:alert(1)',
  },
}
const prove = (body: Buffer, secret: string, sentAt: number) => ({
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(Math.floor(sentAt / 1000)),
  'webhook-signature': `v1,bm90IHRoaXMgb25l ${new Webhook(secret).sign('msg_1', new Date(sentAt), body)}`,
})

sourceContract({
  source: webhook,
  secret: SECRET,
  otherSecret: OTHER,
  now: NOW,
  timed: true,
  prove,
  body: Buffer.from(JSON.stringify(message)),
  reports: [
    {
      external: 'INC-42',
      title: 'Orders fail for everybody',
      status: 'open',
      severity: 1,
      services: ['orders', 'checkout'],
      environments: ['production'],
      responders: [
        { name: 'ana@acme.example', role: 'lead', state: 'accepted' },
        { name: 'tomas@acme.example', role: 'responder', state: 'assigned' },
      ],
      declaredBy: { machine: 'monitor' },
      openedAt: Date.UTC(2026, 10, 19, 1, 10),
      updatedAt: Date.UTC(2026, 10, 19, 1, 14),
      drill: false,
      url: undefined,
    },
  ],
  malformed: [
    { body: '{', field: 'the body' },
    { body: '[]', field: 'the body' },
    { body: '{"data":null}', field: 'data' },
    { body: '{"data":{"id":"\\n"}}', field: 'data.id' },
    { body: '{"data":{"id":"a","status":"on fire"}}', field: 'data.status' },
    { body: '{"data":{"id":"a","status":"open","opened_at":"yesterday"}}', field: 'data.opened_at' },
  ],
})

describe('webhook source', () => {
  const body = Buffer.from('{}')
  const verify = (headers: Record<string, string>, raw = body) => webhook.verify(headers, raw, [SECRET], NOW)

  it('accepts the example of the Standard Webhooks libraries', () => {
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    const example = Buffer.from('{"test": 2432232314}')
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    expect(webhook.verify(headers, example, [secret], 1_614_265_330_000)).toEqual({
      messageId: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      sentAt: 1_614_265_330_000,
    })
  })

  it('refuses an id with a full stop: it would move the border between what is signed', () => {
    const signed = new Webhook(SECRET).sign('a.1', new Date(NOW), body)
    const headers = {
      'webhook-id': 'a.1',
      'webhook-timestamp': String(NOW / 1000),
      'webhook-signature': signed,
    }
    expect(verify(headers)).toMatchObject({ code: 'incident.signature' })
  })

  it('refuses a body that is not UTF-8, whose decoded text would have the same signature as another', () => {
    const raw = Buffer.from([0x7b, 0xff, 0x7d])
    expect(verify(prove(raw, SECRET, NOW), raw)).toMatchObject({ code: 'incident.signature' })
  })

  it('a configured secret that cannot be used proves nothing and costs the others nothing', () => {
    const headers = prove(body, SECRET, NOW)
    for (const unusable of ['', 'whsec_', 'whsec_***', 'not base64!']) {
      expect(webhook.verify(headers, body, [unusable, SECRET], NOW)).toMatchObject({ messageId: 'msg_1' })
      expect(webhook.verify(headers, body, [unusable], NOW)).toMatchObject({ code: 'incident.signature' })
    }
  })

  it('takes the time of signing when the message names no time of change', () => {
    const { timestamp, ...rest } = message
    expect(timestamp).toBeDefined()
    expect(webhook.normalise(Buffer.from(JSON.stringify(rest)), { severity: {} }, NOW)).toMatchObject([
      { updatedAt: NOW, severity: 5 },
    ])
  })
})
