import type { Incident } from '../../client/answers.ts'
import { Fault } from '../../kernel/faults.ts'
import type { Call, Define } from '../call.ts'

interface Options {
  readonly severity: string
  readonly service: readonly string[]
  readonly environment?: readonly string[]
}

export const incidentDeclare: Define = (command, run) => {
  command
    .argument('<title>', 'what is wrong, in a line')
    .requiredOption('-s, --severity <1..5>', '1 is worst')
    .requiredOption('--service <name...>', 'services that suffer, by the names targets use')
    .option('--environment <name...>', 'where')
    .addHelpText('after', '\nAn incident you declare never approves a request of yours; people do.')
    .action(run(declare))
}

async function declare(
  call: Call,
  title: string,
  { severity, service, environment }: Options,
): Promise<void> {
  if (!/^[1-5]$/.test(severity))
    throw new Fault('input.invalid', `${JSON.stringify(severity)} is no severity.`, {
      next: 'Give 1 (worst) to 5.',
    })
  const incident = await call.client().post<Incident>('/v1/incidents', {
    title,
    severity: Number(severity),
    services: service,
    environments: environment,
  })
  call.answer(incident, () => [
    `Declared ${incident.id}.`,
    `  Ask with \`breakglass open TARGET --incident ${incident.id} --reason …\`.`,
  ])
}
