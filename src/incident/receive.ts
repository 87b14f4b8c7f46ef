import { sha256Hex } from '../kernel/bytes.ts'
import { Fault } from '../kernel/faults.ts'
import { newId } from '../kernel/ids.ts'
import type { View } from '../journal/slice.ts'
import { decideReport, type Outcome, type Report } from './decide-report.ts'
import type { ConfiguredSource, IncidentPorts } from './ports.ts'
import type { Headers, Reported } from './source.ts'
import { SOURCES } from './sources/registry.ts'

/** Bytes of a message, raw. */
export const MESSAGE_LIMIT = 256 * 1024

/**
 * Takes a message of a configured source: verify, normalise, decide, record. Resolves when what it changes is durable, so that
 * a 2xx is never a promise. A message that comes again resolves the same and logs nothing. Faults: `not_found`,
 * `input.too_large`, `incident.signature`, `incident.invalid`, `ledger.*`.
 */
export async function receive(
  { journal, handles, sources }: IncidentPorts,
  name: string,
  headers: Headers,
  body: Buffer,
): Promise<readonly Outcome[]> {
  const source = sources.find(source => source.name === name)
  if (!source)
    throw new Fault('not_found', `There is no incident source ${JSON.stringify(name.slice(0, 64))}.`, {
      next: 'Use a name from `incidents` in breakglass.yaml.',
    })
  if (body.length > MESSAGE_LIMIT)
    throw new Fault('input.too_large', `A message may have ${MESSAGE_LIMIT} bytes.`, {
      next: 'Send less at once.',
    })
  const kind = SOURCES[source.kind]
  const verified = kind.verify(headers, body, source.secrets(), journal.now().wall)
  if (verified instanceof Fault) throw verified
  const reports = kind.normalise(body, source.mapping, verified.sentAt)
  if (reports instanceof Fault) throw reports

  const personOf = peopleOf(source, handles)
  const message =
    verified.messageId === undefined ? undefined : sha256Hex(source.name, '\n', verified.messageId)
  const digest = sha256Hex(body)
  const prepared = oneEach(reports).map(
    (reported): Report => ({
      reported,
      source: source.name,
      kind,
      message,
      digest,
      freshId: newId('incident'),
      personOf,
    }),
  )
  const { result } = await journal.execute((state, now) => decideMessage(state, now.wall, prepared))
  return result
}

function decideMessage(state: View, now: number, reports: readonly Report[]) {
  const decided = reports.map(report => decideReport(state, now, report))
  return {
    events: decided.flatMap(({ event }) => event ?? []),
    result: decided.map(({ outcome }) => outcome),
  }
}

/** The last word of a message about each incident: reports of one message are decided on the same state. */
function oneEach(reports: readonly Reported[]): readonly Reported[] {
  return [...new Map(reports.map(report => [report.external, report])).values()]
}

/** Names are compared without case, as mail addresses are in practice; unmapped people are nobody. */
function peopleOf(source: ConfiguredSource, handles: IncidentPorts['handles']): Report['personOf'] {
  const people = new Map(Object.entries(source.people).map(([name, handle]) => [name.toLowerCase(), handle]))
  return name => {
    const handle = people.get(name.toLowerCase())
    return handle === undefined ? undefined : handles.personOf(handle)
  }
}
