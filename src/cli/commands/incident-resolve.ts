import type { Incident } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { fullId } from '../names.ts'

export const incidentResolve: Define = (command, run) => {
  command.argument('<incident>', 'the incident, or the last characters of its id').action(run(resolve))
}

async function resolve(call: Call, typed: string): Promise<void> {
  const client = call.client()
  const id = await fullId(
    typed,
    'incident',
    async () => (await client.get<{ incidents: readonly Incident[] }>('/v1/incidents')).incidents,
  )
  const incident = await client.post<Incident>(`/v1/incidents/${id}/resolve`)
  call.answer(incident, () => ['Resolved. Grants that lean on it end within ten minutes.'])
}
