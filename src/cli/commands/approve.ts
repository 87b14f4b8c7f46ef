import type { Grant } from '../../client/answers.ts'
import { type Call, type Define, EXIT } from '../call.ts'
import { grantFields } from '../grant-lines.ts'
import { grantId } from '../names.ts'
import { withStepUp } from '../step-up.ts'

export const approve: Define = (command, run) => {
  command
    .argument('<grant>', 'the request, or the last characters of its id')
    .option('-y, --yes', 'do not show it and ask first')
    .addHelpText('after', '\nExit: 0 approved, 4 more people have to agree.')
    .action(run(approveGrant))
}

async function approveGrant(call: Call, typed: string, options: { readonly yes?: boolean }): Promise<number> {
  const client = call.client()
  const id = await grantId(client, typed)
  if (options.yes !== true && call.terminal.interactive) {
    for (const line of grantFields(await client.get<Grant>(`/v1/grants/${id}`))) call.terminal.say(line)
    const answer = await call.terminal.ask('Approve? [y/N] ')
    if (!/^y(es)?$/i.test(answer)) {
      call.answer({ grant: id, approved: false }, () => ['Nothing was answered. To refuse: breakglass deny.'])
      return EXIT.refused
    }
  }
  const { approved, missing } = await withStepUp(call, client, () =>
    client.post<{ approved: boolean; missing: number }>(`/v1/grants/${id}/approve`),
  )
  call.answer({ grant: id, approved, missing }, () => [
    approved ? 'Approved.' : `Noted; ${missing} more must agree.`,
  ])
  return approved ? EXIT.done : EXIT.pending
}
