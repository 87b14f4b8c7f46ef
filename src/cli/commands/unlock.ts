import type { Lock } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { fullId } from '../names.ts'
import { withStepUp } from '../step-up.ts'

export const unlock: Define = (command, run) => {
  command
    .argument('<lock>', 'the lock, or the last characters of its id; `breakglass status` lists them')
    .action(run(liftLock))
}

async function liftLock(call: Call, typed: string): Promise<void> {
  const client = call.client()
  const id = await fullId(
    typed,
    'lock',
    async () => (await client.get<{ locks: readonly Lock[] }>('/v1/locks')).locks,
  )
  await withStepUp(call, client, () => client.delete(`/v1/locks/${id}`))
  call.answer({ lock: id, done: true }, () => ['Lifted. Grants that it ended stay ended.'])
}
