import type { Incident } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { short } from '../names.ts'
import { table } from '../table.ts'
import { clock } from '../times.ts'

export const incidents: Define = (command, run) => {
  command.option('-a, --all', 'resolved ones as well').action(run(listIncidents))
}

async function listIncidents(call: Call, { all }: { readonly all?: boolean }): Promise<void> {
  const answer = await call
    .client()
    .get<{ incidents: readonly Incident[] }>('/v1/incidents', { open: all ? undefined : 'true' })
  call.answer(answer, () => {
    if (answer.incidents.length === 0) return ['No incidents.']
    const rows = answer.incidents.map(
      ({ id, severity, status, services, opened_at, source, title, drill }) => [
        short(id),
        String(severity),
        drill ? `${status} drill` : status,
        services.join(','),
        clock(opened_at),
        source,
        title,
      ],
    )
    return table(
      ['INCIDENT', 'SEV', 'STATE', 'SERVICES', 'OPENED', 'SOURCE', 'TITLE'],
      rows,
      call.terminal.columns,
    )
  })
}
