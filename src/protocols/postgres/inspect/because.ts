import type { SessionRules } from '../../../target/action.ts'
import { REFUSE_RULES, type RuleName } from './refuse-rules.ts'

/** Who says that a rule holds, one sentence; undefined for what no rule of SQL text refuses, such as an end or lost evidence. */
export function because(
  rule: string,
  { procedure, refuse }: Pick<SessionRules, 'procedure' | 'refuse'>,
): string | undefined {
  const whose = procedure === undefined ? 'The procedure' : `Procedure ${procedure}`
  if (rule === 'writes_per_statement') return `${whose} limits writes: scope.writes_per_statement.`
  if (rule === 'masked_column') return `${whose} masks columns: scope.mask.`
  if (rule === 'rehearse') return `${whose} has writes rehearsed: scope.rehearse.`
  const known = Object.hasOwn(REFUSE_RULES, rule) ? REFUSE_RULES[rule as RuleName] : undefined
  if (known?.absolute) return `Whatever its procedure, every session refuses ${known.refuses}.`
  if (!refuse.includes(rule)) return undefined
  return `${whose} refuses ${known ? known.refuses : 'it'} (scope.refuse: ${rule}).`
}
