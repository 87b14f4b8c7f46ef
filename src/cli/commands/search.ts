import type { RecordedEntry } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { short } from '../names.ts'
import { entryLines } from '../session-lines.ts'

export const search: Define = (command, run) => {
  command
    .argument('<text>', 'what to look for, in any case')
    .option('-t, --target <name>', 'only at one target')
    .option('--person <handle>', 'only by one person')
    .addHelpText('after', '\nThat you searched is recorded.')
    .action(run(searchActions))
}

interface Matches {
  readonly matches: readonly { readonly session: string; readonly entry: RecordedEntry }[]
  readonly more: boolean
}

async function searchActions(
  call: Call,
  text: string,
  { target, person }: { readonly target?: string; readonly person?: string },
): Promise<void> {
  const answer = await call.client().get<Matches>('/v1/search', { q: text, target, person })
  call.answer(answer, () => [
    ...answer.matches.flatMap(({ session, entry }) => [
      `session ${short(session)}`,
      ...entryLines(entry, call.terminal),
    ]),
    answer.matches.length === 0
      ? 'Nothing found.'
      : `${answer.matches.length}${answer.more ? ' and more' : ''} found.`,
  ])
}
