import type { Session } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { grantId } from '../names.ts'
import { sessionTable } from '../session-lines.ts'

export const sessions: Define = (command, run) => {
  command
    .option('-g, --grant <grant>', 'only those of one grant')
    .option('-o, --open', 'only those that are open now')
    .action(run(listSessions))
}

async function listSessions(
  call: Call,
  { grant, open }: { readonly grant?: string; readonly open?: boolean },
): Promise<void> {
  const client = call.client()
  const answer = await client.get<{ sessions: readonly Session[]; more: boolean }>('/v1/sessions', {
    grant: grant === undefined ? undefined : await grantId(client, grant),
    open: open ? 'true' : undefined,
  })
  call.answer(answer, () => [
    ...sessionTable(answer.sessions, call.terminal),
    ...(answer.more ? ['There are more; narrow them with --grant.'] : []),
  ])
}
