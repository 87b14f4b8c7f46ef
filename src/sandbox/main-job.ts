import { Fault } from '../kernel/faults.ts'
import type { GrantView } from './ask.ts'
import { repairOrders } from './database-job.ts'
import { lookAtHost } from './host-job.ts'
import { measured } from './measured.ts'
import type { Stage } from './stage.ts'

/** One emergency from the request to the signed reviews, each step measured. Throws when a step does not do what it must. */
export async function runMainJob(stage: Stage): Promise<void> {
  const { timeline, host } = stage
  timeline.heading('02:14, orders are stuck. Ana breaks the glass.')
  const ana = await measured(timeline, 'ana signs in: password and code', () => stage.ana.signIn())
  const grants = [await repairOrders(stage, ana)]
  if (host) {
    timeline.heading('Checkout still answers 502. She opens the web server as well.')
    grants.push(await lookAtHost(stage, host, ana))
  }

  timeline.heading('Somebody else reviews.')
  await review(stage, grants)
}

async function review({ timeline, priya }: Stage, grants: readonly GrantView[]): Promise<void> {
  const client = await measured(timeline, 'priya of security signs in', () => priya.signIn())
  const { reviews } = await client.get<{ reviews: readonly { id: string; grant: string }[] }>('/v1/reviews')
  for (const grant of grants) {
    const mine = reviews.find(({ grant: id }) => id === grant.id)
    if (!mine) throw new Fault('internal', 'No review was opened.')
    const { sessions } = await client.get<{
      sessions: readonly { id: string; actions: number; refused: number }[]
    }>(`/v1/sessions?grant=${grant.id}`)
    const actions = sessions.reduce((sum, session) => sum + session.actions, 0)
    const refused = sessions.reduce((sum, session) => sum + session.refused, 0)
    timeline.step(
      `${grant.target}: ${sessions.length} sessions, ${actions} actions, ${refused} refused; her reading is on record`,
    )
    await measured(timeline, 'she signs: warranted, all actions necessary; the grant is closed', () =>
      client.post(`/v1/reviews/${mine.id}/complete`, {
        verdict: 'warranted',
        necessary: 'all',
        text: 'Orders were stuck; what was done was minimal.',
      }),
    )
  }
}
