import type { Call, Define } from '../call.ts'
import { withStepUp } from '../step-up.ts'
import { clock } from '../times.ts'

interface Options {
  readonly name?: string
  readonly group?: readonly string[]
  readonly code?: string
}

export const peopleAdd: Define = (command, run) => {
  command
    .argument('<handle>', 'a short name, such as ana')
    .option('--name <name>', 'the full name')
    .option('-g, --group <group...>', 'groups the person is in')
    .option('--code <digits>', 'a code of your authenticator app, instead of being asked')
    .action(run(addPerson))
}

async function addPerson(call: Call, handle: string, { name, group = [], code }: Options): Promise<void> {
  const client = call.client()
  const answer = await withStepUp(
    call,
    client,
    () =>
      client.post<{ person: string; link: string; expires_at: string }>('/v1/people', {
        handle,
        name: name ?? handle,
        groups: group,
      }),
    code,
  )
  call.answer(answer, () => [
    `Added ${handle}. Give them this link over a way you trust; it works once, until ${clock(answer.expires_at)}:`,
    `  ${answer.link}`,
  ])
}
