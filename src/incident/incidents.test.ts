import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRealJournal, type RealJournal, temporaryFolder } from '../../test/support/real-journal.ts'
import type { PersonId } from '../kernel/ids.ts'
import { createIncidents } from './incidents.ts'
import { MESSAGE_LIMIT } from './receive.ts'
import { incidentNames, incidents as slice } from './slice.ts'

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const HANDLES: Readonly<Record<string, PersonId>> = { ana: 'p_ana', tomas: 'p_tomas' }

let folder: { path: string; remove(): Promise<void> }
let real: RealJournal

beforeEach(async () => {
  folder = await temporaryFolder('incidents')
  real = await openRealJournal(folder.path, [slice, incidentNames])
})
afterEach(async () => {
  await real.close()
  await folder.remove()
})

const open = () =>
  createIncidents({
    journal: real.journal,
    handles: {
      personOf: handle => HANDLES[handle],
      handleOf: person => Object.keys(HANDLES).find(handle => HANDLES[handle] === person),
    },
    sources: [
      {
        name: 'pager',
        kind: 'webhook',
        secrets: () => [SECRET],
        people: { 'Ana@acme.example': 'ana', 'gone@acme.example': 'gone' },
        mapping: { severity: { sev1: 1 } },
      },
      { name: 'prom', kind: 'alertmanager', secrets: () => ['t'], people: {}, mapping: { severity: {} } },
    ],
  })

const message = (more: Record<string, unknown> = {}) => ({
  type: 'incident.updated',
  timestamp: new Date().toISOString(),
  data: {
    id: 'INC-42',
    title: 'Orders fail',
    status: 'open',
    severity: 'sev1',
    services: ['orders'],
    responders: [{ person: 'ana@ACME.example' }, { person: 'gone@acme.example' }],
    declared_by: 'ana@acme.example',
    opened_at: new Date(Date.now() - 60_000).toISOString(),
    url: 'https://pager.acme.example/INC-42',
    ...more,
  },
})

function signed(content: unknown, id: string): [Record<string, string>, Buffer] {
  const body = Buffer.from(JSON.stringify(content))
  const at = new Date()
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(SECRET).sign(id, at, body),
  }
  return [headers, body]
}

describe('incidents on a real log', () => {
  it('is durable when it answers: the record is there after a restart, names only for who may open the payload', async () => {
    const [outcome] = await open().receive('pager', ...signed(message(), 'msg_1'))
    expect(outcome?.effect).toBe('recorded')
    await real.close()
    real = await openRealJournal(folder.path, [slice, incidentNames])
    expect(await open().get(outcome?.id ?? '')).toMatchObject({
      title: 'Orders fail',
      url: 'https://pager.acme.example/INC-42',
      severity: 1,
      responders: [{ person: 'ana', role: 'responder', state: 'assigned' }],
      declared_by: 'ana',
    })
    const leaf = JSON.stringify([...real.journal.state.all(slice)])
    expect(leaf).not.toMatch(/acme|Orders fail/)
  })

  it('takes a retried message once: same webhook-id, new time stamp, also when both arrive at once', async () => {
    const incidents = open()
    const [headers, body] = signed(message(), 'msg_1')
    const answers = await Promise.all([1, 2, 3].map(() => incidents.receive('pager', headers, body)))
    expect(
      answers
        .flat()
        .map(({ effect }) => effect)
        .sort(),
    ).toEqual(['recorded', 'unchanged', 'unchanged'])
    expect([...real.journal.state.all(slice)]).toHaveLength(1)
    await incidents.receive('pager', ...signed(message({ status: 'resolved' }), 'msg_2'))
    const again = await incidents.receive('pager', headers, body)
    expect(again[0]?.effect).toBe('unchanged')
    expect(await incidents.list({ open: true })).toEqual([])
  })

  it('one bad message costs nobody else anything', async () => {
    const incidents = open()
    const [headers, body] = signed(message(), 'msg_1')
    const bad = [
      incidents.receive('pager', {}, body),
      incidents.receive('pager', headers, Buffer.concat([body, Buffer.from(' ')])),
      incidents.receive('pager', ...signed({ data: 1 }, 'msg_2')),
      incidents.receive('pager', headers, Buffer.alloc(MESSAGE_LIMIT + 1)),
      incidents.receive('prom', { authorization: 'Bearer x' }, body),
      incidents.receive('nowhere', headers, body),
    ]
    const codes = (await Promise.allSettled(bad)).map(
      result => result.status === 'rejected' && result.reason.code,
    )
    expect(codes).toEqual([
      'incident.signature',
      'incident.signature',
      'incident.invalid',
      'input.too_large',
      'incident.signature',
      'not_found',
    ])
    expect([...real.journal.state.all(slice)]).toEqual([])
    expect((await incidents.receive('pager', headers, body))[0]?.effect).toBe('recorded')
  })

  it('records every alert of a group, and the last word where one is named twice', async () => {
    const alert = (fingerprint: string, status: string) => ({
      status,
      fingerprint,
      labels: { service: 'orders' },
      startsAt: '2026-11-19T01:10:00Z',
    })
    const group = {
      version: '4',
      alerts: [alert('a', 'firing'), alert('b', 'firing'), alert('a', 'resolved')],
    }
    const received = await open().receive(
      'prom',
      { authorization: 'Bearer t' },
      Buffer.from(JSON.stringify(group)),
    )
    expect(received).toHaveLength(2)
    const records = await open().list()
    expect(new Set(records.map(({ status, trust }) => `${status} ${trust}`))).toEqual(
      new Set(['open unsigned', 'resolved unsigned']),
    )
  })

  it('lets a person declare and resolve; what a source told, only the source takes back', async () => {
    const incidents = open()
    const id = await incidents.declare(
      { person: 'p_ana' },
      { title: 'Disk full', severity: 2, services: ['orders'] },
    )
    expect(await incidents.get(id)).toMatchObject({ trust: 'self', declared_by: 'ana', title: 'Disk full' })
    await incidents.resolve({ person: 'p_tomas' }, id)
    await incidents.resolve({ person: 'p_tomas' }, id)
    expect(await incidents.get(id)).toMatchObject({ status: 'resolved', title: 'Disk full' })
    const [told] = await incidents.receive('pager', ...signed(message(), 'msg_1'))
    await expect(incidents.resolve({ person: 'p_ana' }, told?.id ?? '')).rejects.toMatchObject({
      code: 'conflict',
    })
    await expect(incidents.resolve({ person: 'p_ana' }, 'i_nothing')).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it.each([
    ['no title', { title: ' \n ', severity: 1, services: ['orders'] }],
    ['no services', { title: 'x', severity: 1, services: [] }],
    ['a service that is no name', { title: 'x', severity: 1, services: ['orders', '../..\n'] }],
    ['a severity of 0', { title: 'x', severity: 0, services: ['orders'] }],
    ['a severity of 1.5', { title: 'x', severity: 1.5, services: ['orders'] }],
  ])('refuses a declaration with %s', async (_, declaration) => {
    await expect(open().declare({ person: 'p_ana' }, declaration)).rejects.toMatchObject({
      code: 'input.invalid',
    })
    expect([...real.journal.state.all(slice)]).toEqual([])
  })
})
