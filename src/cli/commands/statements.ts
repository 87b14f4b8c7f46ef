import type { Session, Statement } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { fullId } from '../names.ts'
import { sessionTable } from '../session-lines.ts'
import { type FilterOptions, filterQuery, statementFilters } from '../statement-filters.ts'
import { statementLines } from '../statement-lines.ts'

export const statements: Define = (command, run) => {
  statementFilters(command.argument('<session>', 'the session, or the last characters of its id'))
    .addHelpText(
      'after',
      '\nThat you read it is recorded. With --json: one value per line, the session first.',
    )
    .action(run(listStatements))
}

async function listStatements(call: Call, typed: string, options: FilterOptions): Promise<void> {
  const client = call.client()
  const id = await fullId(
    typed,
    'session',
    async () => (await client.get<{ sessions: readonly Session[] }>('/v1/sessions')).sessions,
  )
  let first = true
  for await (const value of client.lines(`/v1/sessions/${id}/statements`, filterQuery(options))) {
    if (call.json) call.terminal.out(JSON.stringify(value))
    else
      for (const line of first
        ? sessionTable([value as Session], call.terminal)
        : statementLines(value as Statement, call.terminal))
        call.terminal.out(line)
    first = false
  }
}
