import type { Client } from '../client/client.ts'
import { Fault } from '../kernel/faults.ts'
import { ask, connectionSheet, type GrantView, MORE_TIME } from './ask.ts'
import { type Engineer, engineerWith } from './engineer.ts'
import type { Stage } from './stage.ts'
import type { Timeline } from './timeline.ts'

/** Lines of psql that do not belong to the answer: how long is left, and where in the statement. */
const ASIDE = /^(NOTICE: |LINE \d|\s*\^$)/

/** Orders are stuck: ana repairs them under her grant, and is cut off at its end. */
export async function repairOrders(stage: Stage, ana: Client): Promise<GrantView> {
  const { timeline, receiver } = stage
  const grant = await ask(stage, ana, {
    target: 'orders-db',
    reason: '500 orders are stuck since the deploy; repairing their status by hand',
  })
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
  return grant
}

async function said(timeline: Timeline, engineer: Engineer, sql: string, good: boolean) {
  const answer = await engineer.run(sql)
  if (answer.ok !== good) throw new Fault('internal', `${sql}: ${answer.text}`, { next: MORE_TIME })
  timeline.step(
    `${good ? '      ' : 'refused'} ${sql}`.slice(0, 66),
    answer.ms,
    answer.text
      .split('\n')
      .filter(line => !ASIDE.test(line))
      .slice(0, 3)
      .join('\n'),
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
