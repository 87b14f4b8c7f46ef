import type { PolicyStatus } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { policyLines } from '../policy-lines.ts'

export const policy: Define = (command, run) => {
  command.action(run(tellPolicy))
}

async function tellPolicy(call: Call): Promise<void> {
  const status = await call.client().get<PolicyStatus>('/v1/policy')
  call.answer(status, () => policyLines(status))
}
