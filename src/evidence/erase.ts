import { Fault } from '../kernel/faults.ts'
import { formatDuration } from '../kernel/duration.ts'
import type { PersonId } from '../kernel/ids.ts'
import { grants } from '../grant/slice.ts'
import { TERMINAL } from '../grant/states.ts'
import { people } from '../identity/people.ts'
import type { Decision } from '../journal/journal.ts'
import type { View } from '../journal/slice.ts'
import { erasures } from './erasures.ts'

export type ErasedThing =
  | { readonly kind: 'session'; readonly session: string }
  | { readonly kind: 'person'; readonly person: string }

export interface ErasureWish {
  readonly of: ErasedThing
  readonly by: PersonId
  readonly reason: string
  /** A second factor was proven for this very act. */
  readonly factorProven: boolean
  /** Nothing younger than this may be erased, ms (requirement 21). */
  readonly retentionMs: number
}

/** What the session log knows of the sessions concerned; undefined for one that does not exist. */
export interface SessionFact {
  readonly grant: string
  readonly person: string
  readonly closedAt?: number
}

const REASON_LIMIT = 2_000

/**
 * Whether it may be erased, and the event that says so. Pure. The event comes first: a key that is gone without a word would be
 * damage. Faults: `input.invalid`, `not_found`, `conflict` (still needed, too young, or erased already), `identity.step_up_required`.
 */
export function erase(
  state: View,
  now: number,
  wish: ErasureWish,
  sessions: readonly SessionFact[],
): Decision<string> | Fault {
  const { of, by, reason, factorProven } = wish
  if (reason.trim() === '' || reason.length > REASON_LIMIT)
    return new Fault('input.invalid', `An erasure has a reason of at most ${REASON_LIMIT} characters.`, {
      next: 'Say in a sentence why it is erased, and on whose demand.',
    })
  const refused =
    of.kind === 'session' ? sessionStays(state, of.session, sessions) : personStays(state, of.person)
  if (refused) return refused
  const young = tooYoung(state, now, wish, sessions)
  if (young) return young
  if (!factorProven)
    return new Fault('identity.step_up_required', 'Erasing takes a fresh second factor.', {
      next: 'Prove it when asked, then erase again.',
      facts: { factor: 'totp' },
    })
  const key = of.kind === 'session' ? `session/${of.session}` : `subject/${of.person}`
  const { kind, ...id } = of
  return {
    events: [
      {
        type: 'evidence.erased',
        subject: by,
        outcome: 'erased',
        data: { by, key, kind, ...id },
        payload: { reason: reason.trim() },
        seal: by,
      },
    ],
    result: key,
  }
}

function sessionStays(state: View, id: string, [session]: readonly SessionFact[]): Fault | undefined {
  if (!session)
    return new Fault('not_found', `There is no session ${id}.`, {
      next: 'List them with `breakglass sessions`.',
    })
  if (session.closedAt === undefined)
    return new Fault('conflict', 'This session is still open.', { next: 'End it first; nothing was erased.' })
  if (state.get(erasures, `session/${id}`))
    return new Fault('conflict', 'This session is erased already.', { next: 'There is nothing to do.' })
  return undefined
}

function personStays(state: View, id: string): Fault | undefined {
  const person = state.get(people, id)
  if (!person)
    return new Fault('not_found', 'There is no such person.', { next: 'List them with `breakglass people`.' })
  return person.disabled
    ? undefined
    : new Fault('conflict', 'This person may still act here, and what they do has to name somebody.', {
        next: 'Disable them first: `breakglass people disable`.',
      })
}

/** What is about a grant that is not closed, and what is younger than the floor, stays. */
function tooYoung(
  state: View,
  now: number,
  { of, retentionMs }: ErasureWish,
  sessions: readonly SessionFact[],
): Fault | undefined {
  const named = new Set(sessions.map(({ grant }) => grant))
  const ends = sessions.map(({ closedAt }) => closedAt ?? Number.POSITIVE_INFINITY)
  for (const grant of state.all(grants)) {
    if (!named.has(grant.id) && !(of.kind === 'person' && grant.person === of.person)) continue
    if (!TERMINAL.includes(grant.state))
      return new Fault(
        'conflict',
        `The grant ${grant.id} is ${grant.state}: what is known of it is still needed.`,
        {
          next: 'Erase when it is closed, its review included.',
        },
      )
    ends.push(grant.endedAt?.wall ?? grant.requestedAt.wall)
  }
  const free = Math.max(0, ...ends) + retentionMs
  if (free <= now) return undefined
  return new Fault('conflict', `This is kept for ${formatDuration(retentionMs)} (retention.least).`, {
    next: Number.isFinite(free)
      ? `It may be erased from ${new Date(free).toISOString()}.`
      : 'End its sessions first.',
    facts: Number.isFinite(free) ? { from: new Date(free).toISOString() } : {},
  })
}
