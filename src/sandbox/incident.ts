import { Webhook } from 'standardwebhooks'
import { Fault } from '../kernel/faults.ts'
import type { Stage } from './stage.ts'

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
