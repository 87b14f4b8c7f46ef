import type { Call, Define } from '../call.ts'
import { grantId } from '../names.ts'

export const revoke: Define = (command, run) => {
  command.argument('<grant>', 'the grant, or the last characters of its id').action(run(revokeGrant))
}

async function revokeGrant(call: Call, typed: string): Promise<void> {
  const client = call.client()
  const id = await grantId(client, typed)
  await client.post(`/v1/grants/${id}/revoke`)
  call.answer({ grant: id, done: true }, () => [
    'Revoked. Its sessions are ended and the login at the target is removed; a review opens.',
  ])
}
