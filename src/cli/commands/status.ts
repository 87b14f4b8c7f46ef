import type { Grant, Lock, Status, Target } from '../../client/answers.ts'
import { type Call, type Define, EXIT } from '../call.ts'
import { standing } from '../grant-lines.ts'
import { witnessedWords } from './ledger-head.ts'
import { short } from '../names.ts'
import { fields, table } from '../table.ts'
import { clock, span } from '../times.ts'

export const status: Define = (command, run) => {
  command.addHelpText('after', '\nExit: 0 well, 1 evidence cannot be written.').action(run(tellStatus))
}

async function tellStatus(call: Call): Promise<number> {
  const client = call.client()
  const [status, { targets }, { locks }, { grants }] = await Promise.all([
    client.get<Status>('/v1/status'),
    client.get<{ targets: readonly Target[] }>('/v1/targets'),
    client.get<{ locks: readonly Lock[] }>('/v1/locks'),
    client.get<{ grants: readonly Grant[] }>('/v1/grants', { state: 'open' }),
  ])
  const { terminal } = call
  call.answer({ ...status, targets, locks, grants }, () => [
    ...fields([
      ['server', `${client.url} (${status.organisation}, breakglass ${status.version})`],
      ['you', `${status.person}${status.groups.length > 0 ? `, in ${status.groups.join(', ')}` : ''}`],
      ['evidence', status.health.ok ? 'is written' : 'CANNOT BE WRITTEN: nobody gets in'],
      [
        'procedures',
        `set ${status.policy.digest.slice(0, 12)}${status.policy.alert === undefined ? '' : `; ${status.policy.alert}`}`,
      ],
      [
        'ledger',
        status.ledger
          .map(head => {
            const notes = [head.trouble, witnessedWords(head)].filter(text => text !== undefined)
            return `${head.log} ${head.size}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`
          })
          .join(', '),
      ],
    ]),
    ...(locks.length === 0
      ? []
      : [
          '',
          ...locks.map(({ id, kind, name, by, at }) =>
            terminal.paint(
              'red',
              `LOCKED ${kind}${name === undefined ? '' : ` ${name}`} by ${by}, ${clock(at)} (breakglass unlock ${short(id)})`,
            ),
          ),
        ]),
    ...(grants.length === 0
      ? []
      : [
          '',
          ...table(
            ['GRANT', 'WHO', 'TARGET', 'STATE'],
            grants.map(grant => [short(grant.id), grant.requester, grant.target, standing(grant)]),
            terminal.columns,
          ),
        ]),
    '',
    ...targetLines(targets, terminal.columns),
  ])
  return status.health.ok ? EXIT.done : EXIT.refused
}

function targetLines(targets: readonly Target[], width: number): readonly string[] {
  if (targets.length === 0) return ['No targets are configured.']
  const rows = targets.flatMap(({ name, protocol, environment, procedures }) =>
    procedures.length === 0
      ? [[name, protocol, environment, 'no procedure opens it', '']]
      : procedures.map(({ procedure, scope, most_ms }) => [
          name,
          protocol,
          environment,
          `${procedure} (${scope})`,
          span(most_ms),
        ]),
  )
  return table(['TARGET', 'PROTOCOL', 'ENVIRONMENT', 'PROCEDURE', 'MOST'], rows, width)
}
