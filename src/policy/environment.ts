import { Environment } from '@marcbachmann/cel-js'
import { Duration } from '@marcbachmann/cel-js/evaluator'
import type { Incident, Responder } from '../kernel/incident.ts'
import type { Facts } from './facts.ts'
import { linearMatch } from './linear-match.ts'

/**
 * What a condition can see, typed. Whole numbers are CEL ints (BigInt here), times `google.protobuf.Timestamp`, durations
 * `google.protobuf.Duration`. The classes exist so that the checker knows every field and the evaluator copies nothing.
 */

class ResponderFacts {
  readonly person: string
  readonly role: string
  readonly state: string

  constructor(responder: Responder) {
    this.person = responder.person
    this.role = responder.role
    this.state = responder.state
  }
}

class IncidentFacts {
  readonly id: string
  readonly source: string
  readonly trust: string
  readonly status: string
  readonly severity: bigint
  readonly services: readonly string[]
  readonly environments: readonly string[]
  readonly responders: readonly ResponderFacts[]
  readonly declared_by: string
  readonly opened_at: Date
  readonly updated_at: Date
  readonly seen_at: Date
  readonly drill: boolean
  readonly url: string | undefined

  constructor(incident: Incident) {
    this.id = incident.id
    this.source = incident.source
    this.trust = incident.trust
    this.status = incident.status
    this.severity = BigInt(incident.severity)
    this.services = incident.services
    this.environments = incident.environments
    this.responders = incident.responders.map(responder => new ResponderFacts(responder))
    this.declared_by = incident.declared_by
    this.opened_at = new Date(incident.opened_at)
    this.updated_at = new Date(incident.updated_at)
    this.seen_at = new Date(incident.seen_at)
    this.drill = incident.drill
    this.url = incident.url
  }
}

class RequesterFacts {
  readonly id: string
  readonly groups: readonly string[]

  constructor(requester: Facts['requester']) {
    this.id = requester.id
    this.groups = requester.groups
  }
}

class TargetFacts {
  readonly name: string
  readonly protocol: string
  readonly environment: string
  readonly services: readonly string[]

  constructor(target: Facts['target']) {
    this.name = target.name
    this.protocol = target.protocol
    this.environment = target.environment
    this.services = target.services
  }
}

class RequestFacts {
  readonly duration: Duration

  constructor(durationMs: number) {
    this.duration = Duration.fromMilliseconds(durationMs)
  }
}

const TIME = 'google.protobuf.Timestamp'
const RESPONDER = { person: 'string', role: 'string', state: 'string' }
const INCIDENT = {
  id: 'string',
  source: 'string',
  trust: 'string',
  status: 'string',
  severity: 'int',
  services: 'list<string>',
  environments: 'list<string>',
  responders: 'list<Responder>',
  declared_by: 'string',
  opened_at: TIME,
  updated_at: TIME,
  seen_at: TIME,
  drill: 'bool',
  url: 'string',
}
const TARGET = { name: 'string', protocol: 'string', environment: 'string', services: 'list<string>' }

/** Built once per process; compiling many conditions shares it. */
export const environment = new Environment({
  limits: { maxAstNodes: 400, maxDepth: 40, maxListElements: 100, maxMapEntries: 0, maxCallArguments: 4 },
})
  .registerType('Responder', { ctor: ResponderFacts, fields: RESPONDER })
  .registerType('Incident', { ctor: IncidentFacts, fields: INCIDENT })
  .registerType('Requester', { ctor: RequesterFacts, fields: { id: 'string', groups: 'list<string>' } })
  .registerType('Target', { ctor: TargetFacts, fields: TARGET })
  .registerType('Request', { ctor: RequestFacts, fields: { duration: 'google.protobuf.Duration' } })
  .registerVariable('requester', 'Requester')
  .registerVariable('incident', 'Incident')
  .registerVariable('target', 'Target')
  .registerVariable('request', 'Request')
  .registerVariable('now', TIME)
  .registerFunction('string.re2(string): bool', linearMatch, { async: false })

/** The variables of one decision. Without an incident the name is unbound, and a condition that needs it fails. */
export interface Visible {
  readonly requester: RequesterFacts
  readonly incident?: IncidentFacts
  readonly target: TargetFacts
  readonly request: RequestFacts
  readonly now: Date
}

/** `request.duration` is what was asked for, or nothing until `withDuration` says a procedure's default. */
export function visible(facts: Facts): Visible {
  return {
    requester: new RequesterFacts(facts.requester),
    ...(facts.incident === undefined ? {} : { incident: new IncidentFacts(facts.incident) }),
    target: new TargetFacts(facts.target),
    request: new RequestFacts(facts.request.durationMs ?? 0),
    now: new Date(facts.now),
  }
}

export function withDuration(seen: Visible, durationMs: number): Visible {
  return { ...seen, request: new RequestFacts(durationMs) }
}
