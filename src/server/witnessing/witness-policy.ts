import { readFileSync } from 'node:fs'
import { Fault } from '../../kernel/faults.ts'
import { parsePolicy, type Policy, policyProblemText, type PolicyWitness } from '../../ledger/trust/policy.ts'
import { missingWords } from '../../ledger/trust/quorum.ts'
import type { WitnessesConfig } from '../config/config.ts'

/**
 * The policy the configuration names, ready to be asked for. Fault `config.invalid`: it cannot be read, has a mistake, or
 * asks for witnesses that cannot be asked (no address, or a kind of key not verified here).
 */
export function witnessPolicy({ policy: source }: WitnessesConfig): Policy {
  const from = 'file' in source ? source.file : 'ledger.witnesses.policy'
  const parsed = parsePolicy('file' in source ? read(source.file) : Buffer.from(source.text))
  if (!parsed.ok)
    throw new Fault('config.invalid', parsed.problems.map(one => policyProblemText(from, one)).join('\n'), {
      next: 'Repair the policy (c2sp.org/tlog-policy); docs/LEDGER.md has an example.',
      facts: { problems: parsed.problems },
    })
  const { policy } = parsed
  const asked = new Set(policy.witnesses.filter(isAsked))
  const missing = missingWords(policy.quorum, asked)
  if (policy.quorum === 'none' || missing !== undefined)
    throw new Fault(
      'config.invalid',
      policy.quorum === 'none'
        ? `${from}: the quorum is none, so there is nobody to ask.`
        : `${from}: the quorum cannot be reached by the witnesses that can be asked: ${missing}.`,
      { next: 'Give each witness its URL (http or https) and an Ed25519 key, and name a quorum of them.' },
    )
  return policy
}

function isAsked({ url, cosigner }: PolicyWitness): boolean {
  return cosigner !== undefined && url !== undefined && /^https?:$/.test(protocolOf(url))
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : ''
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new Fault(
      'config.invalid',
      `The policy ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      {
        next: 'Correct `ledger.witnesses.policy`; a path is relative to breakglass.yaml.',
        cause,
      },
    )
  }
}
