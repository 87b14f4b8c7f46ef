import type { Policy, PolicyGroup, PolicyWitness } from './policy.ts'

/** A policy as `parsePolicy` reads it, each name defined before it is used (c2sp.org/tlog-policy). */
export function policyText({ logs, witnesses, quorum }: Policy): string {
  const lines = [
    ...logs.map(({ vkey, url }) => words('log', vkey, url)),
    ...witnesses.map(({ name, vkey, url }) => words('witness', name, vkey, url)),
  ]
  if (quorum !== 'none') addGroups(quorum, lines)
  lines.push(words('quorum', quorum === 'none' ? 'none' : quorum.name))
  return `${lines.join('\n')}\n`
}

/** Groups that the quorum does not rest on decide nothing and are left out. */
function addGroups(member: PolicyWitness | PolicyGroup, lines: string[]): void {
  if (member.kind === 'witness') return
  for (const each of member.members) addGroups(each, lines)
  const names = member.members.map(({ name }) => name)
  lines.push(words('group', member.name, String(member.needed), ...names))
}

function words(...parts: readonly (string | undefined)[]): string {
  return parts.filter(part => part !== undefined).join(' ')
}
