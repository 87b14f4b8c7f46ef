import type { Grant } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { grantTable } from '../grant-lines.ts'

export const grants: Define = (command, run) => {
  command
    .option('-m, --mine', 'only my own')
    .option(
      '-s, --state <state>',
      'requested, verified, approved, active, ended, …; or open: pending or active',
    )
    .option('-t, --target <name>', 'only for one target')
    .action(run(listGrants))
}

async function listGrants(
  call: Call,
  { mine, state, target }: { readonly mine?: boolean; readonly state?: string; readonly target?: string },
): Promise<void> {
  const answer = await call.client().get<{ grants: readonly Grant[]; more: boolean }>('/v1/grants', {
    state,
    target,
    mine: mine ? 'true' : undefined,
  })
  call.answer(answer, () => [
    ...grantTable(answer.grants, call.terminal),
    ...(answer.more ? ['There are more; narrow them with --state or --target.'] : []),
  ])
}
