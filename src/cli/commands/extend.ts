import { type Call, type Define } from '../call.ts'
import { grantId } from '../names.ts'
import { withStepUp } from '../step-up.ts'
import { clock, left } from '../times.ts'

export const extend: Define = (command, run) => {
  command
    .argument('<grant>', 'the grant, or the last characters of its id')
    .option('--code <digits>', 'a code of your authenticator app, instead of being asked')
    .action(run(extendGrant))
}

async function extendGrant(call: Call, typed: string, options: { readonly code?: string }): Promise<void> {
  const client = call.client()
  const id = await grantId(client, typed)
  const { ends_at } = await withStepUp(
    call,
    client,
    () => client.post<{ ends_at: string }>(`/v1/grants/${id}/extend`),
    options.code,
  )
  call.answer({ grant: id, ends_at }, () => [`Extended until ${clock(ends_at)} (${left(ends_at)}).`])
}
