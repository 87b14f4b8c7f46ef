import { canonicalJson } from '../kernel/canonical-json.ts'
import { sha256Hex } from '../kernel/bytes.ts'
import { Fault } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import { freshness } from '../incident/freshness.ts'
import { incidents } from '../incident/slice.ts'
import type { StoredIncident } from '../incident/stored-incident.ts'
import type { VerifiedPrincipal } from '../identity/verified-principal.ts'
import { decide } from '../policy/decide.ts'
import type { Ruling } from '../policy/decide.ts'
import type { Approval, Terms } from '../policy/terms.ts'
import { type AutoApproval, autoApproval } from './auto-approval.ts'
import type { ApprovalPlan } from './grant.ts'
import type { GrantPorts } from './ports.ts'
import { pseudonymous } from './people.ts'
import { checkReason, request, type Requested } from './request.ts'

export interface OpenInput {
  readonly target: string
  readonly reason: string
  readonly incident?: string
  readonly procedure?: string
  readonly durationMs?: number
}

/** Nobody could be asked: the procedure names no approver. */
const NOBODY: Approval = { from: { people: [], groups: [] }, count: 1, withinMs: 10 * 60_000 }

interface Candidate {
  readonly stored: StoredIncident | undefined
  readonly ruling: Ruling
  readonly automatic: AutoApproval
}

/**
 * Evaluates the request against the procedures in force and records it, granted or not. Without `incident` every open one is
 * tried and the best answer counts, so that nobody has to look up an id at night. Faults: `input.*`, `target.unknown`,
 * `policy.ambiguous`, `policy.denied` (recorded; `facts.grant` names the record).
 */
export async function open(ports: GrantPorts, who: VerifiedPrincipal, input: OpenInput): Promise<Requested> {
  const bad = checkReason(input.reason)
  if (bad) throw bad
  const target = ports.target(input.target)
  if (!target)
    throw new Fault('target.unknown', `There is no target ${JSON.stringify(input.target.slice(0, 80))}.`, {
      next: 'List the targets with `breakglass status`.',
    })
  const { result } = await ports.journal.execute((state, now) => {
    const pool = pick(input.incident, [...state.hot(incidents)], id => state.get(incidents, id))
    if (pool instanceof Fault) return pool
    const candidates = pool.map((stored): Candidate => {
      const incident = stored && ports.incidentRecord(stored)
      const ruling = decide(
        ports.procedures(),
        {
          requester: { id: who.handle, groups: who.groups },
          target,
          ...(incident && { incident }),
          request: input.durationMs === undefined ? {} : { durationMs: input.durationMs },
          now: now.wall,
        },
        input.procedure,
      )
      const automatic: AutoApproval = stored
        ? autoApproval(incident, {
            requester: who.handle,
            services: target.services,
            drill: false,
            freshness: freshness(stored, now.wall),
          })
        : { kind: 'no', why: 'no incident is named' }
      return { stored, ruling, automatic }
    })
    const best = candidates.reduce((a, b) => (rank(b) > rank(a) ? b : a))
    if (best.ruling.kind === 'ambiguous')
      return new Fault(
        'policy.ambiguous',
        `Several procedures match: ${best.ruling.procedures.join(', ')}.`,
        {
          next: 'Say which one with --procedure NAME; rights are never united.',
          facts: { procedures: best.ruling.procedures },
        },
      )
    const refused =
      best.ruling.kind === 'denied'
        ? { why: best.ruling.why, next: best.ruling.next }
        : ports.duty(state, who.person, now)
    const terms = best.ruling.kind === 'allowed' ? best.ruling.terms : nearest(ports, input)
    if (!terms) return unheard(who, input, refused)
    const { stored } = best
    return request(state, {
      person: who.person,
      target: target.name,
      reason: input.reason,
      durationMs:
        best.ruling.kind === 'allowed' ? best.ruling.durationMs : (input.durationMs ?? terms.time.defaultMs),
      terms: {
        ...terms,
        review: { ...terms.review, from: pseudonymous(terms.review.from, handle => ports.personOf(handle)) },
      },
      approval: planOf(best, now.wall, ports),
      ...(stored && {
        incident: stored.id,
        incidentDigest: sha256Hex(canonicalJson(ports.incidentRecord(stored) as unknown as JsonObject)),
      }),
      ...(refused && { refused }),
    })
  })
  if (result.denied)
    throw new Fault('policy.denied', `Refused: ${result.denied.why}.`, {
      next: result.denied.next,
      facts: { ...(result.grant !== undefined && { grant: result.grant }) },
    })
  return result
}

function pick(
  wanted: string | undefined,
  openOnes: StoredIncident[],
  find: (id: string) => StoredIncident | undefined,
): readonly (StoredIncident | undefined)[] | Fault {
  if (wanted === undefined) {
    return [...openOnes.sort((a, b) => a.severity - b.severity || b.openedAt - a.openedAt), undefined]
  }
  const found = find(wanted)
  if (found) return [found]
  return new Fault('not_found', `There is no incident ${JSON.stringify(wanted.slice(0, 80))}.`, {
    next: 'List them with `breakglass incidents`, or declare one with `breakglass incident declare`.',
  })
}

function rank({ ruling, automatic }: Candidate): number {
  if (ruling.kind === 'ambiguous') return 1
  if (ruling.kind === 'denied') return 0
  if (ruling.approval.mode !== 'automatic') return 2
  return automatic.kind === 'yes' ? 4 : automatic.kind === 'wait' ? 3 : 2
}

function planOf({ ruling, automatic }: Candidate, now: number, ports: GrantPorts): ApprovalPlan {
  if (ruling.kind !== 'allowed') return { mode: 'people', ask: NOBODY }
  const named =
    (ruling.approval.mode === 'automatic' ? ruling.approval.otherwise : ruling.approval.ask) ?? NOBODY
  const ask = { ...named, from: pseudonymous(named.from, handle => ports.personOf(handle)) }
  if (ruling.approval.mode !== 'automatic' || automatic.kind === 'no') {
    const why = ruling.approval.mode === 'automatic' ? automatic.why : undefined
    return { mode: 'people', ask, ...(why !== undefined && { why }) }
  }
  return {
    mode: 'automatic',
    ask,
    why: automatic.why,
    ...(automatic.kind === 'wait' && { automaticFrom: now + automatic.waitMs }),
  }
}

/** A refusal still alerts whom the target's procedure names. */
function nearest(ports: GrantPorts, input: OpenInput): Terms | undefined {
  const set = ports.procedures()
  const named = input.procedure === undefined ? undefined : set.procedures.get(input.procedure)
  return (named ?? set.byTarget.get(input.target)?.[0])?.terms
}

/** No procedure covers the target: there is nothing to make a grant of, but the attempt is on record. */
function unheard(
  who: VerifiedPrincipal,
  input: OpenInput,
  refused: { why: string; next: string } | undefined,
) {
  const denied = refused ?? {
    why: `no procedure covers ${input.target}`,
    next: 'Write one and have its owners accept it.',
  }
  return {
    events: [
      {
        type: 'access.denied',
        subject: who.person,
        target: input.target,
        outcome: 'denied',
        data: { target: input.target, why: denied.why },
        payload: { reason: input.reason.trim() },
        seal: who.person,
      },
    ],
    result: { denied },
  }
}
