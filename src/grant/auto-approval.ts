import type { Incident } from '../kernel/incident.ts'
import type { Freshness } from '../incident/freshness.ts'
import { UNKNOWN } from '../incident/stored-incident.ts'

export interface AutoApprovalFacts {
  /** Handle of the requester. */
  readonly requester: string
  /** Services of the target, mapped in git. */
  readonly services: readonly string[]
  /** True when the request is part of a drill; the incident's flag must say the same. */
  readonly drill: boolean
  readonly freshness: Freshness
}

export type AutoApproval =
  | { readonly kind: 'yes'; readonly why: string }
  | { readonly kind: 'wait'; readonly waitMs: number; readonly why: string }
  | { readonly kind: 'no'; readonly why: string }

/**
 * The rule of INTEGRATIONS that holds whatever a procedure's `automatic_when` says: all of it, or people approve.
 * The severity limit is the procedure's own (`when`); everything else is here. Pure.
 */
export function autoApproval(incident: Incident | undefined, facts: AutoApprovalFacts): AutoApproval {
  if (!incident) return no('no incident is named')
  if (incident.trust === 'self') return no('the incident is self-declared')
  if (incident.trust === 'unsigned') return no('the source of the incident does not sign')
  if (incident.status !== 'open') return no(`the incident is ${incident.status}`)
  if (incident.declared_by === facts.requester) return no('the requester declared the incident')
  if (!incident.services.some(service => facts.services.includes(service)))
    return no('the incident names no service of the target')
  // Whoever the organisation does not know may be the requester under another name (requirement 6).
  if (incident.declared_by === UNKNOWN) return no('nobody knows who declared the incident')
  const roles = incident.responders.filter(({ person }) => person === facts.requester)
  if (roles.length === 0) return no('the requester is not a responder of the incident')
  if (roles.some(({ state }) => state === 'declined')) return no('the requester has declined the incident')
  if (incident.drill !== facts.drill)
    return no(incident.drill ? 'the incident is a drill' : 'the request is a drill, the incident is not')
  const { freshness } = facts
  if (freshness.kind === 'stale') return no(freshness.why)
  if (freshness.kind === 'young')
    return { kind: 'wait', waitMs: freshness.waitMs, why: 'the incident is younger than 30 s' }
  return {
    kind: 'yes',
    why: 'the requester is a responder of a signed, open incident that names the target',
  }
}

function no(why: string): AutoApproval {
  return { kind: 'no', why }
}
