import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '../client/client.ts'
import { Fault } from '../kernel/faults.ts'
import type { Sheet } from './engineer.ts'
import type { Stage } from './stage.ts'

export interface GrantView {
  readonly id: string
  readonly target: string
  readonly state: string
  readonly active_at?: string
  readonly ends_at?: string
  readonly ended_at?: string
  readonly approval: { readonly automatic_from?: string; readonly why?: string }
}

/** When a step failed that the end of the grant may have come before. */
export const MORE_TIME = 'If the machine is slow, give her more time: npm start -- --seconds 30'

interface Wish {
  readonly target: string
  readonly reason: string
}

/** Ana asks; resolves when her grant is open, which it is only after the security team was told. */
export async function ask(
  { timeline, receiver, seconds }: Stage,
  ana: Client,
  wish: Wish,
): Promise<GrantView> {
  const began = performance.now()
  let grant = await ana.post<GrantView>('/v1/grants', {
    ...wish,
    duration: `${seconds}s`,
  })
  timeline.step(
    `ana asks for ${wish.target}; identity, procedure and reason are on record`,
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
    `open for ${seconds} s: approved by the rule, alert confirmed before it opened`,
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
