import type { PolicyWitness, Quorum } from './policy.ts'

/** Whether these witnesses satisfy the quorum. Pure; linear in the policy, since a member is in one group only. */
export function isQuorum(quorum: Quorum, witnessed: ReadonlySet<PolicyWitness>): boolean {
  if (quorum === 'none') return true
  if (quorum.kind === 'witness') return witnessed.has(quorum)
  let count = 0
  for (const member of quorum.members) if (isQuorum(member, witnessed)) count += 1
  return count >= quorum.needed
}

/** Why it is not satisfied, for people: `2 of X1, X2, X3 (has X1)`; undefined when it is. */
export function missingWords(quorum: Quorum, witnessed: ReadonlySet<PolicyWitness>): string | undefined {
  if (quorum === 'none' || isQuorum(quorum, witnessed)) return undefined
  if (quorum.kind === 'witness') return quorum.name
  const has = quorum.members.filter(member => isQuorum(member, witnessed)).map(member => member.name)
  const wanted = quorum.members.map(member => member.name).join(', ')
  return `${quorum.needed} of ${wanted} (has ${has.join(', ') || 'none'})`
}
