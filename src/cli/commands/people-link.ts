import type { Call, Define } from '../call.ts'
import { withStepUp } from '../step-up.ts'
import { clock } from '../times.ts'

export const peopleLink: Define = (command, run) => {
  command
    .argument('<handle>', 'the person')
    .option('--code <digits>', 'a code of your authenticator app, instead of being asked')
    .addHelpText('after', '\nAn earlier link of the person ends.')
    .action(run(newLink))
}

async function newLink(call: Call, handle: string, { code }: { readonly code?: string }): Promise<void> {
  const client = call.client()
  const answer = await withStepUp(
    call,
    client,
    () =>
      client.post<{ link: string; expires_at: string }>(`/v1/people/${encodeURIComponent(handle)}/enrolment`),
    code,
  )
  call.answer(answer, () => [
    `Give ${handle} this link over a way you trust; it works once, until ${clock(answer.expires_at)}:`,
    `  ${answer.link}`,
  ])
}
