import type { PersonId } from '../kernel/ids.ts'
import type { JsonValue } from '../kernel/json.ts'
import type { View } from '../journal/slice.ts'
import type { AlertMessage, DueAlert, GrantFacts } from './alert.ts'
import { alertId } from './alert-id.ts'
import { outbox } from './outbox.ts'
import { sentence } from './sentence.ts'

/** What a message names beyond leaf fields. */
export interface Naming {
  readonly organisation: string
  handleOf(person: PersonId): string | undefined
  /** Personal part of an event; rejects when its key is gone. */
  payload(index: number): Promise<JsonValue | undefined>
  /** Where people look: `https://…/grants/g_…`. */
  linkTo(path: string): string
}

/** The message for one channel. Never fails for want of a name: what cannot be read is left out. */
export async function compose(
  state: View,
  naming: Naming,
  lane: string,
  alert: DueAlert,
  channel: string,
): Promise<AlertMessage> {
  const about = typeof alert.data.lane === 'string' ? alert.data.lane : lane
  const grant = state.get(outbox, about)?.grant
  const person = handle(naming, grant?.requester ?? alert.subject)
  const reason = grant && (await reasonOf(naming, grant))
  const target = grant?.target ?? alert.target
  const message = {
    id: alertId(alert.event, channel),
    type: alert.type,
    organisation: naming.organisation,
    at: new Date(alert.t).toISOString(),
    ...(person !== undefined && { person }),
    ...(target !== undefined && { target }),
    ...(grant && {
      grant: grant.grant,
      procedure: grant.procedure,
      link: naming.linkTo(`/grants/${grant.grant}`),
      ...(grant.incident !== undefined && { incident: grant.incident }),
    }),
    ...(reason !== undefined && { reason }),
    facts: alert.data,
  }
  return { ...message, text: sentence(message) }
}

function handle(naming: Naming, person: PersonId | undefined): string | undefined {
  return person && (naming.handleOf(person) ?? person)
}

async function reasonOf(naming: Naming, { entry }: GrantFacts): Promise<string | undefined> {
  const payload = await naming.payload(entry).catch(() => undefined)
  if (typeof payload !== 'object' || payload === null || !('reason' in payload)) return undefined
  return typeof payload.reason === 'string' ? payload.reason : undefined
}
