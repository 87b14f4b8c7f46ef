import type { Call, Define } from '../call.ts'
import { grantId } from '../names.ts'

export const close: Define = (command, run) => {
  command.argument('<grant>', 'the grant, or the last characters of its id').action(run(closeGrant))
}

async function closeGrant(call: Call, typed: string): Promise<void> {
  const client = call.client()
  const id = await grantId(client, typed)
  await client.post(`/v1/grants/${id}/close`)
  call.answer({ grant: id, done: true }, () => [
    'Closed. Its sessions are ended and the login at the target is removed; a review opens.',
  ])
}
