import type { SessionRules } from '../../../target/action.ts'
import { REFUSE_RULES, type RuleName } from './refuse-rules.ts'

/** Which field of a procedure lists what a rule goes by. */
const LISTS: Readonly<Record<string, string>> = {
  forward: 'scope.forward',
  agent_forwarding: 'scope.allow',
  x11_forwarding: 'scope.allow',
  remote_forwarding: 'scope.allow',
  commands: 'scope.commands',
  never: 'scope.never',
}

/** Who says that a rule holds, one sentence; undefined for what no rule refuses, such as an end or lost evidence. */
export function because(
  rule: string,
  { procedure, refuse }: Pick<SessionRules, 'procedure' | 'refuse'>,
): string | undefined {
  const whose = procedure === undefined ? 'The procedure' : `Procedure ${procedure}`
  const known = Object.hasOwn(REFUSE_RULES, rule) ? REFUSE_RULES[rule as RuleName] : undefined
  if (known?.holds === 'always') return `Whatever its procedure, every session refuses ${known.refuses}.`
  if (refuse.includes(rule))
    return `${whose} refuses ${known ? known.refuses : 'it'} (scope.refuse: ${rule}).`
  if (known?.holds === 'list') return `${whose} refuses ${known.refuses} (${LISTS[rule]}).`
  return undefined
}
