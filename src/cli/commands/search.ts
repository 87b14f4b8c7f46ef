import type { RecordedEntry, Statement } from '../../client/answers.ts'
import { type Call, type Define, EXIT } from '../call.ts'
import { Fault } from '../../kernel/faults.ts'
import { short } from '../names.ts'
import { entryLines } from '../session-lines.ts'
import { type FilterOptions, filterQuery, statementFilters } from '../statement-filters.ts'
import { statementLines } from '../statement-lines.ts'

interface Options extends FilterOptions {
  readonly target?: string
  readonly person?: string
}

export const search: Define = (command, run) => {
  statementFilters(
    command
      .argument('[text]', 'what to look for, in any case')
      .option('-t, --target <name>', 'only at one target')
      .option('--person <handle>', 'only by one person'),
  )
    .addHelpText(
      'after',
      '\nA text alone is looked for in everything recorded, answers included; with --object, --verb, --writes or\n--refused among statements. That you searched is recorded.',
    )
    .action(run(searchActions))
}

async function searchActions(call: Call, text: string | undefined, options: Options): Promise<number> {
  const { target, person } = options
  const filters = filterQuery(options)
  if (Object.values(filters).some(value => value !== undefined))
    return searchStatements(call, { q: text, target, person, ...filters })
  if (text === undefined)
    throw new Fault('input.invalid', 'There is nothing to search for.', {
      next: 'Give a word, --object, --verb, --writes or --refused.',
    })
  const answer = await call
    .client()
    .get<{ matches: readonly { session: string; entry: RecordedEntry }[]; more: boolean }>('/v1/search', {
      q: text,
      target,
      person,
    })
  call.answer(answer, () => [
    ...answer.matches.flatMap(({ session, entry }) => [
      `session ${short(session)}`,
      ...entryLines(entry, call.terminal),
    ]),
    found(answer),
  ])
  return EXIT.done
}

async function searchStatements(
  call: Call,
  query: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const answer = await call
    .client()
    .get<{ matches: readonly { session: string; statement: Statement }[]; more: boolean }>(
      '/v1/statements',
      query,
    )
  call.answer(answer, () => [
    ...answer.matches.flatMap(({ session, statement }, index) => [
      ...(answer.matches[index - 1]?.session === session ? [] : [`session ${short(session)}`]),
      ...statementLines(statement, call.terminal),
    ]),
    found(answer),
  ])
  return EXIT.done
}

function found({ matches, more }: { readonly matches: readonly unknown[]; readonly more: boolean }): string {
  return matches.length === 0 ? 'Nothing found.' : `${matches.length}${more ? ' and more' : ''} found.`
}
