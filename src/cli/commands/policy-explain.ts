import { readFileSync } from 'node:fs'
import type { Explanation } from '../../client/answers.ts'
import { parseDuration } from '../../kernel/duration.ts'
import { Fault } from '../../kernel/faults.ts'
import type { Incident } from '../../kernel/incident.ts'
import { explain } from '../../policy/explain.ts'
import { loadProcedures } from '../../policy/load.ts'
import { problemText } from '../../policy/problem.ts'
import { type Call, type Define, EXIT } from '../call.ts'
import { plain, type Terminal } from '../terminal.ts'

interface Options {
  readonly incident?: string
  readonly procedure?: string
  readonly for?: string
  readonly person?: string
  readonly folder?: string
  readonly group?: readonly string[]
  readonly incidentFile?: string
}

export const policyExplain: Define = (command, run) => {
  command
    .argument('<target>', 'the target')
    .option('-i, --incident <id>', 'under this incident')
    .option('-p, --procedure <name>', 'only this procedure')
    .option('-f, --for <duration>', 'asking for so long')
    .option('--person <handle>', 'for somebody else (administrators, auditors)')
    .option('--folder <folder>', 'offline, with the procedures of this folder')
    .option('--group <group...>', 'offline: groups of the person')
    .option(
      '--incident-file <file>',
      'offline: an incident as JSON, as `breakglass incidents --json` shows it',
    )
    .addHelpText('after', '\nExit: 0 exactly one procedure applies, 1 none or several.')
    .action(run(explainTarget))
}

async function explainTarget(call: Call, target: string, options: Options): Promise<number> {
  const explanations =
    options.folder === undefined
      ? await ask(call, target, options)
      : await offline(call, target, options, options.folder)
  call.answer({ explanations }, () => lines(explanations, target, call.terminal))
  return explanations.filter(({ applies }) => applies).length === 1 ? EXIT.done : EXIT.refused
}

async function ask(
  call: Call,
  target: string,
  { incident, procedure, person, for: duration }: Options,
): Promise<readonly Explanation[]> {
  return (
    await call.client().post<{ explanations: readonly Explanation[] }>('/v1/policy/explain', {
      target,
      incident,
      procedure,
      person,
      duration,
    })
  ).explanations
}

async function offline(
  call: Call,
  name: string,
  options: Options,
  folder: string,
): Promise<readonly Explanation[]> {
  const { files, known, targets } = await call.local.procedures(folder)
  const result = loadProcedures(files, known)
  if (!result.ok)
    throw new Fault('policy.invalid', result.problems.map(problemText).join('\n'), {
      next: 'Repair the procedures first.',
    })
  const target = targets.find(one => one.name === name)
  if (!target)
    throw new Fault('target.unknown', `There is no target ${JSON.stringify(name)} in ${folder}.`, {
      next: `Known: ${targets.map(one => one.name).join(', ')}.`,
    })
  const durationMs = options.for === undefined ? undefined : parseDuration(options.for)
  return explain(
    result.set,
    {
      requester: { id: options.person ?? 'you', groups: options.group ?? [] },
      target,
      request: durationMs === undefined ? {} : { durationMs },
      now: Date.now(),
      ...(options.incidentFile !== undefined && { incident: readIncident(options.incidentFile) }),
    },
    options.procedure,
  )
}

function readIncident(file: string): Incident {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Incident
  } catch (cause) {
    throw new Fault('input.invalid', `${file} is no incident: ${(cause as Error).message}`, {
      next: 'Save one of `breakglass incidents --json`.',
      cause,
    })
  }
}

function lines(explanations: readonly Explanation[], target: string, terminal: Terminal): readonly string[] {
  if (explanations.length === 0) return [`No procedure opens ${target}.`]
  return explanations.flatMap(({ procedure, file, applies, steps }) => [
    `${terminal.paint('bold', procedure)} (${file}): ${applies ? terminal.paint('green', 'applies') : terminal.paint('red', 'does not apply')}`,
    ...steps.map(
      ({ rule, ok, why }) =>
        `  ${ok ? terminal.paint('green', 'yes') : terminal.paint('red', 'no ')}  ${rule.padEnd(8)}  ${plain(why)}`,
    ),
  ])
}
