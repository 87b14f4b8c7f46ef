import type { Grant, Session } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { grantFields } from '../grant-lines.ts'
import { grantId } from '../names.ts'
import { sessionTable } from '../session-lines.ts'

export const show: Define = (command, run) => {
  command.argument('<grant>', 'the grant, or the last characters of its id').action(run(showGrant))
}

async function showGrant(call: Call, typed: string): Promise<void> {
  const client = call.client()
  const id = await grantId(client, typed)
  const grant = await client.get<Grant>(`/v1/grants/${id}`)
  const { sessions } = await client.get<{ sessions: readonly Session[] }>('/v1/sessions', { grant: id })
  call.answer({ ...grant, sessions }, () => [
    ...grantFields(grant),
    ...(sessions.length === 0 ? [] : ['', ...sessionTable(sessions, call.terminal)]),
  ])
}
