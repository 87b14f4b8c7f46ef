import type { PolicyStatus } from '../../client/answers.ts'
import { Fault } from '../../kernel/faults.ts'
import { type Call, type Define, EXIT } from '../call.ts'
import { policyLines } from '../policy-lines.ts'
import { withStepUp } from '../step-up.ts'

export const policyAccept: Define = (command, run) => {
  command
    .argument('<digest>', 'of the set, or its first characters: say which one you have read')
    .option('--code <digits>', 'a code of your authenticator app, instead of being asked')
    .addHelpText('after', '\nExit: 0 in force, 4 more owners have to accept.')
    .action(run(accept))
}

async function accept(call: Call, typed: string, { code }: { readonly code?: string }): Promise<number> {
  const client = call.client()
  const digest = await wholeDigest(typed, () => client.get<PolicyStatus>('/v1/policy'))
  const status = await withStepUp(
    call,
    client,
    () => client.post<PolicyStatus>('/v1/policy/accept', { digest }),
    code,
  )
  call.answer(status, () => policyLines(status))
  return status.digest === digest ? EXIT.done : EXIT.pending
}

/** Only a beginning of the digest that is offered: never "whatever is there", which may have changed since it was read. */
async function wholeDigest(typed: string, ask: () => Promise<PolicyStatus>): Promise<string> {
  if (/^[0-9a-f]{64}$/.test(typed)) return typed
  const { offered } = await ask()
  if (/^[0-9a-f]{8,63}$/.test(typed) && offered?.digest.startsWith(typed)) return offered.digest
  throw new Fault('not_found', `No set that begins with ${JSON.stringify(typed)} waits for acceptance.`, {
    next: 'See `breakglass policy`; give at least eight characters of its digest.',
  })
}
