import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRealJournal, type RealJournal, temporaryFolder } from '../../../test/support/real-journal.ts'
import { createIncidents } from '../../incident/incidents.ts'
import { MESSAGE_LIMIT } from '../../incident/receive.ts'
import { incidentNames, incidents } from '../../incident/slice.ts'
import { behindShell, GROUPS, personOf, tokenOf } from '../signed-in.suite.ts'
import { ANONYMOUS_INCIDENT_ROUTES, incidentRoutes, PROGRAM_INCIDENT_ROUTES } from './routes.ts'

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
let folder: { path: string; remove(): Promise<void> }
let real: RealJournal

beforeEach(async () => {
  folder = await temporaryFolder('incident-routes')
  real = await openRealJournal(folder.path, [incidents, incidentNames])
})
afterEach(async () => {
  await real.close()
  await folder.remove()
})

const app = () =>
  behindShell(
    incidentRoutes(
      createIncidents({
        journal: real.journal,
        handles: {
          personOf: handle => (handle in GROUPS ? personOf(handle) : undefined),
          handleOf: person => person.slice(2),
        },
        sources: [
          { name: 'pager', kind: 'webhook', secrets: () => [SECRET], people: {}, mapping: { severity: {} } },
        ],
      }),
    ),
    ANONYMOUS_INCIDENT_ROUTES,
    PROGRAM_INCIDENT_ROUTES,
  )
const send = async (path: string, init: RequestInit = {}) => {
  const response = await app().request(path, init)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const as = (handle: string, body?: unknown): RequestInit => ({
  headers: { authorization: `Bearer ${tokenOf(handle)}`, 'content-type': 'application/json' },
  ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
})
function message(text: string): RequestInit {
  const at = new Date()
  return {
    method: 'POST',
    body: text,
    headers: {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(SECRET).sign('msg_1', at, text),
    },
  }
}
const OPEN = JSON.stringify(
  { data: { id: 'X', status: 'open', opened_at: '2026-11-19T01:00:00Z', services: ['orders'] } },
  null,
  3,
)

describe('incidents over HTTP, on a real log', () => {
  it('takes a signed message without a session, over the exact bytes sent', async () => {
    expect(await send('/v1/incidents/sources/pager', message(OPEN))).toMatchObject({
      status: 200,
      body: { incidents: [{ effect: 'recorded' }] },
    })
    expect(await send('/v1/incidents/sources/pager', message(OPEN))).toMatchObject({
      status: 200,
      body: { incidents: [{ effect: 'unchanged' }] },
    })
  })

  it('answers what is wrong with a message, and asks nobody to sign in for it', async () => {
    const { headers } = message(OPEN)
    const forged = await send('/v1/incidents/sources/pager', {
      method: 'POST',
      body: `${OPEN} `,
      headers: headers as never,
    })
    expect(forged).toMatchObject({ status: 401, body: { code: 'incident.signature' } })
    expect(await send('/v1/incidents/sources/pager', message('{}'))).toMatchObject({
      status: 422,
      body: { code: 'incident.invalid', facts: { field: 'data' } },
    })
    expect((await send('/v1/incidents/sources/else', message(OPEN))).status).toBe(404)
    expect((await send('/v1/incidents/sources/pager', message('x'.repeat(MESSAGE_LIMIT + 1)))).status).toBe(
      413,
    )
  })

  it('attack 11: every other route needs somebody', async () => {
    for (const [method, path] of [
      ['GET', '/v1/incidents'],
      ['POST', '/v1/incidents'],
      ['GET', '/v1/incidents/i_1'],
      ['POST', '/v1/incidents/i_1/resolve'],
      ['GET', '/v1/incidents/sources/pager'],
    ] as const)
      expect([path, (await send(path, { method })).status]).toEqual([path, 401])
  })

  it('lets a person declare, list and resolve', async () => {
    const declared = await send(
      '/v1/incidents',
      as('ana', { title: 'Disk full', severity: 2, services: ['orders'] }),
    )
    expect(declared).toMatchObject({
      status: 201,
      body: { trust: 'self', declared_by: 'ana', title: 'Disk full', drill: false },
    })
    const { id } = declared.body as { id: string }
    expect((await send('/v1/incidents?open=true', as('tomas'))).body.incidents).toMatchObject([{ id }])
    expect(await send(`/v1/incidents/${id}/resolve`, { ...as('tomas'), method: 'POST' })).toMatchObject({
      status: 200,
      body: { status: 'resolved' },
    })
    expect((await send('/v1/incidents?open=true', as('tomas'))).body.incidents).toEqual([])
  })

  it.each([
    { title: 'x', severity: 9, services: ['a'] },
    { title: 'x', severity: 1, services: ['a'], trust: 'signed' },
    { title: '', severity: 1, services: ['a'] },
  ])('attack 4: refuses the declaration %j', async declaration => {
    expect((await send('/v1/incidents', as('ana', declaration))).status).toBe(400)
  })
})
