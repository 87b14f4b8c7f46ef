import type { Call, Define } from '../call.ts'
import { grantId } from '../names.ts'

export const withdraw: Define = (command, run) => {
  command.argument('<grant>', 'the grant, or the last characters of its id').action(run(withdrawGrant))
}

async function withdrawGrant(call: Call, typed: string): Promise<void> {
  const client = call.client()
  const id = await grantId(client, typed)
  await client.post(`/v1/grants/${id}/withdraw`)
  call.answer({ grant: id, done: true }, () => ['Withdrawn.'])
}
