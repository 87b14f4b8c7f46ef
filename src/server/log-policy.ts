import type { Log } from '../ledger/log.ts'
import { parseVkey } from '../ledger/note/note.ts'
import type { Policy } from '../ledger/trust/policy.ts'
import { policyText } from '../ledger/trust/policy-text.ts'

/**
 * c2sp.org/tlog-policy of this organisation: the keys that sign its logs now, and its witnesses as configured. Who trusts it
 * compares its keys with what they were told by somebody else.
 */
export function logPolicy(logs: readonly Pick<Log, 'vkeys'>[], asked: Policy | undefined): string {
  const keys = logs.flatMap(log => log.vkeys)
  return policyText({
    logs: keys.map(vkey => ({ vkey, verifier: parseVkey(vkey) })),
    witnesses: asked?.witnesses ?? [],
    quorum: asked?.quorum ?? 'none',
  })
}
