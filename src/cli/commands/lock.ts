import { Argument } from 'commander'
import { Fault } from '../../kernel/faults.ts'
import type { Call, Define } from '../call.ts'
import { withStepUp } from '../step-up.ts'

export const lock: Define = (command, run) => {
  command
    .addArgument(
      new Argument('<what>', 'what to close').choices(['target', 'procedure', 'person', 'everything']),
    )
    .argument('[name]', 'which one')
    .requiredOption('-r, --reason <text>', 'why, for the log')
    .addHelpText(
      'after',
      '\nLive sessions end at once; nobody gets in until somebody lifts the lock.\n\nExample:\n  breakglass lock target orders-db --reason "restoring from backup"',
    )
    .action(run(setLock))
}

async function setLock(
  call: Call,
  kind: string,
  name: string | undefined,
  { reason }: { readonly reason: string },
): Promise<void> {
  if ((name === undefined) !== (kind === 'everything'))
    throw new Fault('input.invalid', kind === 'everything' ? 'Everything has no name.' : `Which ${kind}?`, {
      next: `breakglass lock ${kind}${kind === 'everything' ? '' : ' NAME'} --reason …`,
    })
  const client = call.client()
  const answer = await withStepUp(call, client, () =>
    client.post<{ lock: string; ended: readonly string[] }>('/v1/locks', { kind, name, reason }),
  )
  call.answer(answer, () => [
    `Locked (${answer.lock}); ${answer.ended.length} live ${answer.ended.length === 1 ? 'grant' : 'grants'} ended.`,
    `  Lift it with \`breakglass unlock ${answer.lock.slice(-8)}\`.`,
  ])
}
