import type { Call, Define } from '../call.ts'
import { withStepUp } from '../step-up.ts'

export const peopleEnable: Define = (command, run) => {
  command
    .argument('<handle>', 'the person')
    .option('--code <digits>', 'a code of your authenticator app, instead of being asked')
    .action(run(enablePerson))
}

async function enablePerson(call: Call, handle: string, { code }: { readonly code?: string }): Promise<void> {
  const client = call.client()
  await withStepUp(call, client, () => client.post(`/v1/people/${encodeURIComponent(handle)}/enable`), code)
  call.answer({ handle, done: true }, () => [`${handle} may sign in again.`])
}
