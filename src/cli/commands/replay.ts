import type { RecordedEntry, Session } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { fullId } from '../names.ts'
import { entryLines, sessionTable } from '../session-lines.ts'

export const replay: Define = (command, run) => {
  command
    .argument('<session>', 'the session, or the last characters of its id')
    .addHelpText(
      'after',
      '\nThat you read it is recorded. With --json: one value per line, the session first.',
    )
    .action(run(replaySession))
}

async function replaySession(call: Call, typed: string): Promise<void> {
  const client = call.client()
  const id = await fullId(
    typed,
    'session',
    async () => (await client.get<{ sessions: readonly Session[] }>('/v1/sessions')).sessions,
  )
  let first = true
  for await (const value of client.lines(`/v1/sessions/${id}/actions`)) {
    if (call.json) call.terminal.out(JSON.stringify(value))
    else
      for (const line of first
        ? sessionTable([value as Session], call.terminal)
        : entryLines(value as RecordedEntry, call.terminal))
        call.terminal.out(line)
    first = false
  }
}
