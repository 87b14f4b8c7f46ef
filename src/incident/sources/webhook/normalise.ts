import type { Fault } from '../../../kernel/faults.ts'
import type { Incident } from '../../../kernel/incident.ts'
import {
  invalid,
  isObject,
  jsonObject,
  line,
  link,
  MOST_RESPONDERS,
  moment,
  names,
  severity,
} from '../../fields.ts'
import type { Mapping, Reported } from '../../source.ts'

const STATUS: readonly unknown[] = ['open', 'mitigated', 'resolved'] satisfies Incident['status'][]
const RESPONDER_STATE: readonly unknown[] = ['assigned', 'accepted', 'declined']

/**
 * `{ type, timestamp?, data: { id, status, title?, severity?, services?, environments?, responders?: [{ person, role?, state? }],
 * declared_by?: person | { machine }, opened_at, updated_at?, drill?, url? } }`; docs/INCIDENTS.md shows one in full.
 */
export function normalise(body: Buffer, mapping: Mapping, sentAt: number): readonly Reported[] | Fault {
  const message = jsonObject(body)
  if (!message) return invalid('the body', 'a JSON object')
  const { data } = message
  if (!isObject(data)) return invalid('data', 'an object that describes the incident')
  const external = line(data.id, 256)
  if (external === '') return invalid('data.id', 'your own name for the incident')
  if (!STATUS.includes(data.status)) return invalid('data.status', 'open, mitigated or resolved')
  const openedAt = moment(data.opened_at)
  if (openedAt === undefined) return invalid('data.opened_at', 'ISO 8601 with a zone, or milliseconds')
  return [
    {
      external,
      title: line(data.title, 500),
      status: data.status as Incident['status'],
      severity: severity(data.severity, mapping.severity),
      services: names(data.services),
      environments: names(data.environments),
      responders: responders(data.responders),
      declaredBy: declarer(data.declared_by),
      openedAt,
      updatedAt: moment(data.updated_at) ?? moment(message.timestamp) ?? sentAt,
      drill: data.drill === true,
      url: link(data.url),
    },
  ]
}

function responders(value: unknown): Reported['responders'] {
  if (!Array.isArray(value)) return []
  return value.slice(0, MOST_RESPONDERS).flatMap(item => {
    if (!isObject(item)) return []
    const name = line(item.person, 256)
    if (name === '' || (item.state !== undefined && !RESPONDER_STATE.includes(item.state))) return []
    return [
      { name, role: names([item.role])[0] ?? 'responder', state: (item.state ?? 'assigned') as 'assigned' },
    ]
  })
}

function declarer(value: unknown): Reported['declaredBy'] {
  if (isObject(value)) {
    const machine = line(value.machine, 64)
    return machine === '' ? undefined : { machine }
  }
  const name = line(value, 256)
  return name === '' ? undefined : { name }
}
