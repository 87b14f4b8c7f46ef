import type { JournalEvent } from '../journal/slice.ts'
import type { GrantFacts } from './alert.ts'

/** Told to the destinations of `alerts_always`, whatever a procedure says. A name ending in `.` covers all of its kind. */
const SECURITY = [
  'ledger.',
  'lock.',
  'procedures.',
  'organisation.',
  'dormant.used',
  'ssh.next_key_made',
  'ssh.next_key_withdrawn',
  'ssh.keys_replaced',
  'person.disabled',
  'person.locked_out',
  'signin.failures',
  'review.overdue',
] as const

/** Of these kinds, what happens as it should and every hour. */
const ROUTINE: readonly string[] = ['ledger.anchored_by_timestamp']

export interface Route {
  readonly to: readonly string[]
  readonly always: boolean
  readonly without: readonly string[]
}

/** Whom an event must be told to; undefined: nobody. `grant`: the facts of the grant the event names. Pure. */
export function routeOf(event: JournalEvent, grant: GrantFacts | undefined): Route | undefined {
  if (event.type === 'alert.dead') return deadLetter(event)
  const to = grant ? grantRoute(event, grant) : undefined
  const always = isSecurity(event) || isUnwatched(event)
  if (to === undefined && !always) return undefined
  return { to: to ?? grant?.to ?? [], always, without: [] }
}

/** Whether an event concerns security as such. Pure. */
export function isSecurity({ type, data }: JournalEvent): boolean {
  // A finding that belongs to no grant has no terms that would name anybody.
  if (type.startsWith('finding.') && data.grant === undefined) return true
  if (ROUTINE.includes(type)) return false
  return SECURITY.some(name => (name.endsWith('.') ? type.startsWith(name) : type === name))
}

/** Opened by nobody's approval, or before any channel confirmed: the two ways that nobody else saw coming. */
function isUnwatched({ type, data }: JournalEvent): boolean {
  return (
    (type === 'grant.approved' && data.mode === 'nobody') ||
    (type === 'grant.activated' && data.unalerted === true)
  )
}

function grantRoute(event: JournalEvent, grant: GrantFacts): readonly string[] | undefined {
  if (event.type === 'grant.approved' && event.data.mode === 'nobody')
    return [...new Set([...grant.to, ...grant.nobody])]
  return grant.on.includes(nameOf(event.type)) ? grant.to : undefined
}

/** `grant.activated` → `activated`, as procedures name it; every kind of finding is `finding`. */
function nameOf(type: string): string {
  if (type.startsWith('finding.')) return 'finding'
  return type.startsWith('grant.') ? type.slice('grant.'.length) : type
}

function deadLetter({ data }: JournalEvent): Route | undefined {
  if (data.announce !== true) return undefined
  return { to: data.to as readonly string[], always: true, without: data.without as readonly string[] }
}
