import type { Call, Define } from '../call.ts'
import { grantId } from '../names.ts'

export const deny: Define = (command, run) => {
  command
    .argument('<grant>', 'the request, or the last characters of its id')
    .requiredOption('-r, --reason <text>', 'why not: the requester reads it')
    .action(run(denyGrant))
}

async function denyGrant(call: Call, typed: string, { reason }: { readonly reason: string }): Promise<void> {
  const client = call.client()
  const id = await grantId(client, typed)
  await client.post(`/v1/grants/${id}/deny`, { reason })
  call.answer({ grant: id, done: true }, () => ['Denied.'])
}
