import type { Session } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { fullId } from '../names.ts'
import { withStepUp } from '../step-up.ts'

interface Options {
  readonly reason: string
  readonly code?: string
}

export const evidenceErase: Define = (command, run) => {
  command
    .argument(
      '<what>',
      'a session (`s_…`, or `s_` and the last characters of its id), or the handle or id of a person',
    )
    .requiredOption('-r, --reason <text>', 'why, and on whose demand')
    .option('--code <digits>', 'a code of your authenticator app, instead of being asked')
    .addHelpText(
      'after',
      '\nDestroys the key: what was typed and answered in a session, or what a person wrote and who they are.\nIt cannot be undone.\nThat it happened, every entry, proof and decision stays. Refused before `retention.least`.\nCopies in backups are yours to destroy.',
    )
    .action(run(erase))
}

async function erase(call: Call, what: string, { reason, code }: Options): Promise<void> {
  const client = call.client()
  const sessions = async () => (await client.get<{ sessions: readonly Session[] }>('/v1/sessions')).sessions
  const of = what.startsWith('s_')
    ? { session: await fullId(what.length < 20 ? what.slice(2) : what, 'session', sessions) }
    : { person: what }
  await withStepUp(call, client, () => client.post('/v1/evidence/erasures', { ...of, reason }), code)
  call.answer({ ...of, done: true }, () => [
    `${what} is erased: its key is destroyed here. Keys in backups of the vault open it still; destroy those too.`,
  ])
}
