import { Fault } from '../kernel/faults.ts'
import { parsePolicy, type Policy, policyProblemText } from '../ledger/trust/policy.ts'
import { readGiven } from './files.ts'

/** The policy in the file that `--policy` names. Fault `input.invalid` with every mistake in it. */
export function policyIn(file: string): Policy {
  const parsed = parsePolicy(readGiven('--policy', file))
  if (parsed.ok) return parsed.policy
  throw new Fault('input.invalid', parsed.problems.map(one => policyProblemText(file, one)).join('\n'), {
    next: 'Repair the policy (c2sp.org/tlog-policy); it decides whom you trust, so take it from whom you trust.',
    facts: { problems: parsed.problems },
  })
}
