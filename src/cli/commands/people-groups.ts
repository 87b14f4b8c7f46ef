import type { Person } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { withStepUp } from '../step-up.ts'

export const peopleGroups: Define = (command, run) => {
  command
    .argument('<handle>', 'the person')
    .argument('[groups...]', 'all groups from now on; none takes the person out of every group')
    .option('--code <digits>', 'a code of your authenticator app, instead of being asked')
    .action(run(setGroups))
}

async function setGroups(
  call: Call,
  handle: string,
  groups: readonly string[],
  { code }: { readonly code?: string },
): Promise<void> {
  const client = call.client()
  const person = await withStepUp(
    call,
    client,
    () => client.put<Person>(`/v1/people/${encodeURIComponent(handle)}`, { groups }),
    code,
  )
  call.answer(person, () => [`${handle} is in ${person.groups.join(', ') || 'no group'} now.`])
}
