import type { PolicyStatus } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { policyLines } from '../policy-lines.ts'
import { withStepUp } from '../step-up.ts'

export const policyReload: Define = (command, run) => {
  command
    .addHelpText('after', '\nWhat is wrong or not accepted stays out; what is in force stays in force.')
    .action(run(reload))
}

async function reload(call: Call): Promise<void> {
  const client = call.client()
  const status = await withStepUp(call, client, () => client.post<PolicyStatus>('/v1/policy/reload'))
  call.answer(status, () => policyLines(status))
}
