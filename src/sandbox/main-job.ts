import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import type { Client } from '../client/client.ts'
import { Fault } from '../kernel/faults.ts'
import { type Engineer, engineerWith, type Sheet } from './engineer.ts'
import type { Actor } from './people.ts'
import type { Receiver } from './receiver.ts'
import type { Timeline } from './timeline.ts'

export interface Stage {
  readonly url: string
  readonly folder: string
  readonly ana: Actor
  readonly mara: Actor
  readonly priya: Actor
  readonly receiver: Receiver
  readonly pagerSecret: string
  readonly timeline: Timeline
  /** Asks the target itself, as its superuser. */
  readonly target: (sql: string) => Promise<readonly Record<string, unknown>[]>
}

interface GrantView {
  readonly id: string
  readonly state: string
  readonly active_at?: string
  readonly ends_at?: string
  readonly ended_at?: string
  readonly approval: { readonly automatic_from?: string; readonly why?: string }
}

const SECONDS = 12

/** Monitoring reports an incident, signed; ana is its responder. */
export async function raiseIncident(stage: Pick<Stage, 'url' | 'pagerSecret' | 'timeline'>): Promise<void> {
  const now = new Date()
  const body = JSON.stringify({
    type: 'incident',
    data: {
      id: `INC-${now.getTime()}`,
      title: 'Checkout failing',
      status: 'open',
      severity: 'P1',
      services: ['orders'],
      environments: ['production'],
      responders: [{ person: 'ana@acme.example', role: 'responder', state: 'accepted' }],
      declared_by: { machine: 'monitor' },
      opened_at: now.toISOString(),
    },
  })
  const id = `msg_${now.getTime()}`
  const began = performance.now()
  const response = await fetch(`${stage.url}/v1/incidents/sources/pager`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': new Webhook(stage.pagerSecret).sign(id, now, body),
    },
    body,
  })
  if (!response.ok) throw new Fault('internal', `The incident was not taken: ${await response.text()}`)
  stage.timeline.step(
    'monitoring reports P1 "Checkout failing", signed; ana responds',
    performance.now() - began,
  )
}

/** One emergency from the request to the signed review, each step measured. Throws when a step does not do what it must. */
export async function runMainJob(stage: Stage): Promise<void> {
  const { timeline, receiver } = stage
  timeline.heading('02:14, orders are stuck. Ana breaks the glass.')
  const ana = await measured(timeline, 'ana signs in: password and code', () => stage.ana.signIn())
  const grant = await ask(stage, ana)
  const sheet = await connectionSheet(stage, ana, grant)
  const engineer = engineerWith(sheet)

  timeline.heading(`She works with ${engineer.client}.`)
  const first = await said(timeline, engineer, "select count(*) from orders where status = 'stuck'", true)
  if (!/(^|\n)500$/.test(first.text)) throw new Fault('internal', `500 orders are stuck, not ${first.text}.`)
  await said(timeline, engineer, 'delete from orders', false)
  await said(timeline, engineer, 'select card_number from customers limit 1', false)
  await said(timeline, engineer, "update orders set status = 'paid' where status = 'stuck'", false)
  await said(
    timeline,
    engineer,
    "update orders set status = 'paid' where status = 'stuck' and id <= 4000",
    true,
  )

  timeline.heading('The grant ends while a query runs.')
  const ends = Date.parse(grant.ends_at ?? '')
  const cut = await engineer.run('select pg_sleep(600)')
  const late = Date.now() - ends
  timeline.step('cut off by the gateway, counted from the exact second', late, cut.text)
  await gone(stage, ends)
  const alert = receiver.received.find(({ type, grant: id }) => type === 'grant.activated' && id === grant.id)
  if (!alert) throw new Fault('internal', 'The security team was not told.')
  timeline.step(
    'the security team had been told of the opening after',
    alert.at - Date.parse(grant.active_at ?? ''),
  )

  timeline.heading('Somebody else reviews.')
  await review(stage, grant)
}

async function ask({ timeline, receiver }: Stage, ana: Client): Promise<GrantView> {
  const began = performance.now()
  let grant = await ana.post<GrantView>('/v1/grants', {
    target: 'orders-db',
    reason: '500 orders are stuck since the deploy; repairing their status by hand',
    duration: `${SECONDS}s`,
  })
  timeline.step(
    'ana asks for orders-db; identity, procedure and reason are on record',
    performance.now() - began,
  )
  const from = grant.approval.automatic_from
  if (grant.state === 'verified' && from !== undefined) {
    await timeline.until('an incident younger than 30 s could still be corrected: waiting', Date.parse(from))
  }
  for (let attempt = 0; grant.state !== 'active' && attempt < 600; attempt++) {
    await new Promise(resolve => setTimeout(resolve, 10))
    grant = await ana.get<GrantView>(`/v1/grants/${grant.id}`)
  }
  if (grant.state !== 'active') throw new Fault('internal', `The grant is ${grant.state}.`)
  const eligible = from === undefined ? undefined : Date.parse(grant.active_at ?? '') - Date.parse(from)
  timeline.step(
    `open for ${SECONDS} s: approved by the rule, alert confirmed before it opened`,
    eligible,
    'ana is a responder of a signed, open incident that names the target',
  )
  if (!receiver.received.some(({ grant: id }) => id === grant.id)) {
    throw new Fault('internal', 'It opened before anybody was told.')
  }
  return grant
}

export async function connectionSheet(
  stage: Pick<Stage, 'folder'>,
  client: Client,
  grant: { readonly id: string },
): Promise<Sheet> {
  const sheet = await client.post<Omit<Sheet, 'caFile'>>(`/v1/grants/${grant.id}/credential`)
  const caFile = join(stage.folder, 'breakglass-ca.pem')
  writeFileSync(caFile, sheet.ca)
  return { ...sheet, caFile }
}

async function said(timeline: Timeline, engineer: Engineer, sql: string, good: boolean) {
  const answer = await engineer.run(sql)
  if (answer.ok !== good) throw new Fault('internal', `${sql}: ${answer.text}`)
  timeline.step(
    `${good ? '      ' : 'refused'} ${sql}`.slice(0, 66),
    answer.ms,
    answer.text.split('\n').slice(0, 3).join('\n'),
  )
  return answer
}

async function gone({ timeline, target }: Stage, ends: number): Promise<void> {
  for (;;) {
    const left = await target("select rolname from pg_roles where rolname like 'bg\\_%' and rolcanlogin")
    const running = await target("select pid from pg_stat_activity where usename like 'bg\\_%'")
    if (left.length === 0 && running.length === 0) break
    if (Date.now() - ends > 10_000) throw new Fault('internal', 'Something was left at the target.')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  timeline.step('nothing of it runs at the target any more, its login is dropped', Date.now() - ends)
}

async function review({ timeline, priya }: Stage, grant: GrantView): Promise<void> {
  const client = await measured(timeline, 'priya of security signs in', () => priya.signIn())
  const { reviews } = await client.get<{ reviews: readonly { id: string; grant: string }[] }>('/v1/reviews')
  const mine = reviews.find(({ grant: id }) => id === grant.id)
  if (!mine) throw new Fault('internal', 'No review was opened.')
  const { sessions } = await client.get<{
    sessions: readonly { id: string; actions: number; refused: number }[]
  }>(`/v1/sessions?grant=${grant.id}`)
  const actions = sessions.reduce((sum, session) => sum + session.actions, 0)
  const refused = sessions.reduce((sum, session) => sum + session.refused, 0)
  timeline.step(
    `she finds ${sessions.length} sessions, ${actions} actions, ${refused} refused; her reading is on record`,
  )
  await measured(timeline, 'she signs: warranted, all actions necessary; the grant is closed', () =>
    client.post(`/v1/reviews/${mine.id}/complete`, {
      verdict: 'warranted',
      necessary: 'all',
      text: 'Orders were stuck, the repair was minimal.',
    }),
  )
}

async function measured<T>(timeline: Timeline, text: string, run: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await run()
  timeline.step(text, performance.now() - began)
  return result
}
