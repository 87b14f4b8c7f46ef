import { readFileSync } from 'node:fs'
import { Fault } from '../../kernel/faults.ts'
import { loadProcedures } from '../../policy/load.ts'
import { problemText } from '../../policy/problem.ts'
import type { LoadedProcedure, ProcedureSet } from '../../policy/procedure.ts'
import { type Call, type Define, EXIT } from '../call.ts'
import { judgedLines } from '../judged-lines.ts'

interface Options {
  readonly folder: string
  readonly procedure?: string
  readonly file?: string
}

export const policyJudge: Define = (command, run) => {
  command
    .argument('<target>', 'the target')
    .argument(
      '[text]',
      'SQL, or a command line for a host; without it and without --file it is read from standard input',
    )
    .option('--folder <folder>', 'the configuration folder', '.')
    .option('-p, --procedure <name>', 'under this procedure, where several are for the target')
    .option(
      '-f, --file <file>',
      'for a database a script as psql reads it, its commands and COPY data stepped over; for a host one command line',
    )
    .addHelpText(
      'after',
      '\nOffline; runs nothing and asks no server. Masks, write limits and rehearsals are not judged;\nforce_command is told, as it runs in place of the line.\nExit: 0 every message would pass, 1 at least one would be refused.',
    )
    .action(run(judge))
}

async function judge(
  call: Call,
  name: string,
  text: string | undefined,
  { folder, procedure: wanted, file }: Options,
): Promise<number> {
  const { files, known, targets } = await call.local.procedures(folder)
  const loaded = loadProcedures(files, known)
  if (!loaded.ok)
    throw new Fault('policy.invalid', loaded.problems.map(problemText).join('\n'), {
      next: 'Repair the procedures first.',
    })
  const target = targets.find(one => one.name === name)
  if (!target)
    throw new Fault('target.unknown', `There is no target ${JSON.stringify(name)} in ${folder}.`, {
      next: `Known: ${targets.map(one => one.name).join(', ')}.`,
    })
  const { terms, file: source } = chosenProcedure(loaded.set, name, wanted)
  const { procedure, scope } = terms
  const script = text ?? textOf(file)
  if (script.trim() === '')
    throw new Fault('input.invalid', 'There is nothing to judge.', {
      next: 'Give a statement or a command line, --file, or standard input.',
    })
  const messages = await call.local.judge(target.protocol, script, {
    procedure,
    refuse: scope.refuse,
    ...(scope.host && { host: scope.host }),
  })
  const refused = messages.filter(message => message.refused).length
  call.answer({ target: name, procedure, file: source, refuse: scope.refuse, refused, messages }, () => [
    `Under ${procedure} (${source}): scope.refuse names ${scope.refuse.join(', ') || 'nothing'}.`,
    ...(scope.forceCommand === undefined ? [] : [`Whatever is asked for, ${scope.forceCommand} runs.`]),
    ...messages.flatMap(message => judgedLines(message, call.terminal)),
    messages.length === 0
      ? 'There is no statement in it.'
      : `${refused} of ${messages.length} ${messages.length === 1 ? 'message' : 'messages'} would be refused.`,
  ])
  return refused === 0 ? EXIT.done : EXIT.refused
}

function chosenProcedure(set: ProcedureSet, target: string, wanted: string | undefined): LoadedProcedure {
  const all = set.byTarget.get(target) ?? []
  const found = wanted === undefined ? all : all.filter(one => one.name === wanted)
  const [only, another] = found
  if (only !== undefined && another === undefined) return only
  const names = all.map(one => one.name).join(', ')
  if (only === undefined)
    throw new Fault('not_found', `No procedure ${wanted ?? ''} opens ${target}.`.replace('  ', ' '), {
      next: names === '' ? 'Name the target in a procedure.' : `There are: ${names}.`,
    })
  throw new Fault('input.invalid', `${found.length} procedures are for ${target}.`, {
    next: `Say which with --procedure: ${names}.`,
  })
}

/** Fault `input.invalid` when it cannot be read. File descriptor 0 is standard input. */
function textOf(file: string | undefined): string {
  try {
    return readFileSync(file === undefined || file === '-' ? 0 : file, 'utf8')
  } catch (cause) {
    throw new Fault(
      'input.invalid',
      `${file ?? 'Standard input'} cannot be read: ${(cause as Error).message}`,
      {
        next: 'Give a statement or a readable file.',
        cause,
      },
    )
  }
}
