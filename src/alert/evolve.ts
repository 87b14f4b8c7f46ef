import type { PersonId } from '../kernel/ids.ts'
import type { JournalEvent } from '../journal/slice.ts'
import type { DueAlert, GrantFacts, Lane } from './alert.ts'
import { routeOf } from './alertable.ts'

/** Pure. */
export function evolve(lane: Lane | undefined, event: JournalEvent, key: string): Lane | undefined {
  switch (event.type) {
    case 'alert.delivered':
    case 'alert.dropped':
      return lane && settled(lane, event)
    case 'alert.dead':
      return key === event.id ? enqueued(undefined, event, key) : lane && settled(lane, event)
    case 'grant.requested':
      return enqueued({ key, grant: grantFacts(event), due: [], confirmed: [] }, event, key)
    default:
      return enqueued(lane, event, key)
  }
}

function enqueued(lane: Lane | undefined, event: JournalEvent, key: string): Lane | undefined {
  const route = routeOf(event, lane?.grant)
  if (!route) return lane
  const due: DueAlert = {
    event: event.id,
    entry: event.index,
    t: event.t,
    type: event.type,
    ...(event.subject?.startsWith('p_') && { subject: event.subject as PersonId }),
    ...(event.target !== undefined && { target: event.target }),
    data: event.type === 'grant.requested' ? {} : event.data,
    ...route,
    settled: {},
  }
  return { confirmed: [], ...lane, key, due: [...(lane?.due ?? []), due] }
}

/** `complete`: the event settles the alert's last channel. The lane of a security event goes with its only alert. */
function settled(lane: Lane, event: JournalEvent): Lane | undefined {
  const { data, type } = event
  const alert = lane.due.find(due => due.event === data.event)
  if (!alert) return lane
  const due =
    data.complete === true
      ? lane.due.filter(due => due !== alert)
      : lane.due.map(due =>
          due === alert
            ? {
                ...due,
                settled: {
                  ...due.settled,
                  [data.channel as string]: type === 'alert.dead' ? 'dead' : 'delivered',
                } as const,
              }
            : due,
        )
  if (due.length === 0 && !lane.grant) return undefined
  const confirms = type === 'alert.delivered' && !lane.confirmed.includes(alert.type)
  return { ...lane, due, confirmed: confirms ? [...lane.confirmed, alert.type] : lane.confirmed }
}

function grantFacts({ data, subject, target, index }: JournalEvent): GrantFacts {
  const terms = data.terms as unknown as TermsSeen
  const approval = data.approval as unknown as ApprovalSeen | undefined
  const nobody = approval?.ask?.nobody ?? approval?.nobody
  return {
    grant: data.grant as string,
    requester: subject as PersonId,
    target: (data.target ?? target) as string,
    procedure: terms.procedure,
    ...(data.incident !== undefined && { incident: data.incident as string }),
    entry: index,
    to: terms.alert.to,
    on: terms.alert.on,
    nobody: nobody?.alert ?? [],
  }
}

/** The parts of a grant's terms that alerts read. */
interface TermsSeen {
  readonly procedure: string
  readonly alert: { readonly to: readonly string[]; readonly on: readonly string[] }
}
interface ApprovalSeen {
  readonly ask?: { readonly nobody?: { readonly alert: readonly string[] } }
  readonly nobody?: { readonly alert: readonly string[] }
}
