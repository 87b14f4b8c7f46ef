import type { Log } from '../ledger/log.ts'
import { parseVkey } from '../ledger/note/note.ts'
import type { Policy } from '../ledger/trust/policy.ts'
import { policyText } from '../ledger/trust/policy-text.ts'

/**
 * c2sp.org/tlog-policy of this organisation: the keys that its logs began with, and its witnesses as configured. Who trusts it
 * compares its keys with what they were told by somebody else.
 */
export async function logPolicy(logs: readonly Log[], asked: Policy | undefined): Promise<string> {
  const keys = await Promise.all(logs.map(async log => (await log.read(0)).data['vkey'] as string))
  return policyText({
    logs: keys.map(vkey => ({ vkey, verifier: parseVkey(vkey) })),
    witnesses: asked?.witnesses ?? [],
    quorum: asked?.quorum ?? 'none',
  })
}
