import type { Comparison, Verdict } from './compare.ts'
import { NEEDS_SUPERUSER } from './needs-superuser.ts'

export interface PipelineResult {
  readonly test: string
  readonly verdict: 'equal' | 'differs'
}

export interface Run {
  readonly version: string
  readonly evidence: string
  /** In the order in which they ran. */
  readonly scripts: readonly Comparison[]
  /** Of the scripts that need a superuser: run as the owner all the same, once more from the start. */
  readonly asOwner: readonly Comparison[]
  readonly pipeline: readonly PipelineResult[]
}

/** docs/REGRESSION.md as `npm run soak -- regress` writes it. */
export function report({ version, evidence, scripts, asOwner, pipeline }: Run): string {
  const owner = new Map(asOwner.map(one => [one.script, one]))
  const needed = Object.keys(NEEDS_SUPERUSER).filter(script => owner.has(script))
  return `# PostgreSQL's regression scripts through the gateway

Written by \`npm run soak -- regress\`; not to be edited. PostgreSQL ${version}, evidence \`${evidence}\`, a scope \`as:\` an existing role
that owns the database and has no attribute and no membership, no rule of \`scope.refuse\`, no write limit.

How it is measured: three clusters go through the same scripts in the order of \`parallel_schedule\`, with psql as \`pg_regress\` starts
it. On the first the owner is connected directly. On the second the gateway stands before it. On the third a login that acts as the owner
(\`ALTER ROLE … SET role\`, as the login of a grant does) is connected through a plain proxy that refuses exactly the statements which the
gateway's evidence names as refused, and judges nothing itself.

- **equal**: what psql printed through the gateway is what it printed on the first, byte for byte.
- **explained**: it is what it printed on the third, byte for byte: the refused statements, in this script and before it, and
  \`session_user\`, which is the grant's login, are the whole difference. Where no rule is named, it is one of the latter two: what compares
  \`session_user\` with the owner, or looks at its own row of \`pg_stat_progress_copy\`, which the server shows to the login only.
- **differs**: neither.

Statements that do not parse are refused too (rule \`unparsable\`), but the target words the error, so they make no difference; they are counted
as syntax errors. Where PostgreSQL 15 reads what the grammar of 18 does not, the rule is named.

Allowed in the comparison, and nothing else: numbers that a cluster gives where they are part of a name (ports, \`pg_temp_N\`,
\`pg_toast_N\`, \`RI_ConstraintTrigger_a_N\`), the name of the login, and below a refusal its place, detail and hint.

## Scripts that need no superuser

Directly, each gives the output that PostgreSQL's developers expect. ${totals(scripts)}

| script | statements | syntax errors | through the gateway | refused by rule |
|---|---|---|---|---|
${scripts.map(row).join('\n')}

## Scripts that need a superuser

Not run as they are meant: an emergency scope is never a superuser. In the run above a superuser ran them past the gateway, because later
scripts need what they create. Run as the owner all the same, beginning with a fresh database, where what needs more fails on
all three: ${totals(asOwner)}

| script | needs a superuser for | statements | syntax errors | as the owner, through the gateway | refused by rule |
|---|---|---|---|---|---|
${needed.map(script => ownerRow(script, owner.get(script))).join('\n')}
| test_setup | ${NEEDS_SUPERUSER['test_setup'] ?? ''} | | | not run: the others begin with what it creates | |

## libpq pipelines

\`src/test/modules/libpq_pipeline\` of the same source, built here; output and exit code compared with a direct run.

| test | through the gateway |
|---|---|
${pipeline.map(({ test, verdict }) => `| ${test} | ${verdict} |`).join('\n')}
`
}

function totals(all: readonly Comparison[]): string {
  const count = (verdict: Verdict) => all.filter(one => one.verdict === verdict).length
  const statements = all.reduce((sum, one) => sum + one.statements, 0)
  const [equal, explained, differs] = [count('equal'), count('explained'), count('differs')]
  const refused = all.reduce((sum, one) => sum + [...one.refused.values()].reduce((a, b) => a + b, 0), 0)
  return `${all.length} scripts, ${statements} statements: **${equal} equal, ${explained} explained, ${differs} ${differs === 1 ? 'differs' : 'differ'}**; ${refused} statements refused.`
}

function row({ script, statements, syntaxErrors, verdict, refused }: Comparison): string {
  return `| ${script} | ${statements} | ${syntaxErrors || ''} | ${verdict} | ${rules(refused)} |`
}

function ownerRow(script: string, one: Comparison | undefined): string {
  if (one === undefined) return ''
  return `| ${script} | ${NEEDS_SUPERUSER[script] ?? ''} | ${one.statements} | ${one.syntaxErrors || ''} | ${one.verdict} | ${rules(one.refused)} |`
}

function rules(refused: Comparison['refused']): string {
  return [...refused].map(([rule, count]) => `${rule} × ${count}`).join(', ')
}
