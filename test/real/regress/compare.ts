import type { Evidence } from './gateway.ts'
import { sentence, type Refused } from './reference.ts'

/** How a script through the gateway compares with a direct run. */
export type Verdict =
  /** Byte for byte, after the allowances. */
  | 'equal'
  /** Equal to a direct run by a login like the grant's, on which exactly the refused statements are refused. */
  | 'explained'
  | 'differs'

export interface Comparison {
  readonly script: string
  readonly verdict: Verdict
  readonly statements: number
  /** Rule → how many statements it refused, without syntax errors. */
  readonly refused: ReadonlyMap<string, number>
  /** Statements that do not parse anywhere: refused as well, in the words of the target. */
  readonly syntaxErrors: number
  /** The first lines that differ, when the verdict is `differs`. */
  readonly difference?: string
}

export interface Outputs {
  readonly direct: string
  readonly gateway: string
  /** A direct run by a login like the grant's, with the refusals of the evidence. */
  readonly reference: string
}

export function compare(
  script: string,
  { direct, gateway, reference }: Outputs,
  evidence: Evidence,
): Comparison {
  const told = inOurWords(evidence.refused, gateway)
  const refused = new Map<string, number>()
  for (const { rule } of told) refused.set(rule, (refused.get(rule) ?? 0) + 1)
  const same = {
    script,
    statements: evidence.asked,
    refused,
    syntaxErrors: evidence.refused.length - told.length,
  }
  if (gateway === direct) return { ...same, verdict: 'equal' }
  if (gateway === reference) return { ...same, verdict: 'explained' }
  return { ...same, verdict: 'differs', difference: firstDifference(reference, gateway) }
}

/** Refusals but for those of texts that the target cannot read either: its syntax error stands in their place. */
export function inOurWords(refused: readonly Refused[], output: string): readonly Refused[] {
  return refused.filter(one => one.rule !== 'unparsable' || output.includes(sentence(one)))
}

/** pg_regress compares with `diff -w`: white space does not count. */
export function equalButForSpace(a: string, b: string): boolean {
  const bare = (text: string) => text.replaceAll(/[^\S\n]+/g, '')
  return bare(a) === bare(b)
}

const CONTEXT = 3
const SHOWN = 8

export function firstDifference(wanted: string, got: string): string {
  const [left, right] = [wanted.split('\n'), got.split('\n')]
  let at = 0
  while (at < left.length && left[at] === right[at]) at++
  return [
    `line ${at + 1}`,
    ...left.slice(Math.max(0, at - CONTEXT), at).map(line => `  ${line}`),
    ...left.slice(at, at + SHOWN).map(line => `- ${line}`),
    ...right.slice(at, at + SHOWN).map(line => `+ ${line}`),
  ].join('\n')
}
