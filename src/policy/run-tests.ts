import { formatDuration, parseDuration } from '../kernel/duration.ts'
import type { Incident } from '../kernel/incident.ts'
import { decide, type Ruling } from './decide.ts'
import type { Facts } from './facts.ts'
import type { Known } from './known.ts'
import { own } from './own.ts'
import { byPlace, type Problem } from './problem.ts'
import type { ProcedureSet } from './procedure.ts'
import { readYaml, type SourceFile } from './read-yaml.ts'
import type { Step } from './rules.ts'
import { schemaProblems } from './schema-problems.ts'
import { suggest } from './suggest.ts'
import { type ProcedureTest, procedureTestSchema } from './test-schema.ts'

/** One case of a `*.test.yaml`. */
export interface TestResult {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly case: string
  readonly passed: boolean
  /** What differs, one sentence each; empty when it passed. */
  readonly wrong: readonly string[]
  readonly steps: readonly Step[]
}

export interface TestRun {
  readonly results: readonly TestResult[]
  /** Test files that cannot be read. A run with problems has not passed. */
  readonly problems: readonly Problem[]
}

/**
 * Runs every case of the given test files against a set. Pure. A case tests what the procedures say; the further demands on
 * the incident's record that come before an automatic grant (docs/PROCEDURES.md) are not part of it.
 */
export function runTests(set: ProcedureSet, files: readonly SourceFile[], known: Known): TestRun {
  const results: TestResult[] = []
  const problems: Problem[] = []
  for (const source of files) {
    const yaml = readYaml(source)
    if (!yaml.ok) {
      problems.push(...yaml.problems)
      continue
    }
    const { file } = yaml
    const cases = procedureTestSchema.safeParse(file.value)
    if (!cases.success) {
      problems.push(...schemaProblems(procedureTestSchema, cases.error, file))
      continue
    }
    for (const [index, test] of cases.data.entries()) {
      const target = own(known.targets, test.target)
      if (target === undefined) {
        const next = suggest(test.target, Object.keys(known.targets))
        problems.push({
          file: file.path,
          ...file.place([index, 'target']),
          message: `unknown target "${test.target}"`,
          next,
        })
        continue
      }
      const ruling = decide(set, factsOf(test, { name: test.target, ...target }), test.procedure)
      const wrong = differences(ruling, test.expect)
      const { steps } = ruling
      results.push({
        file: file.path,
        ...file.place([index]),
        case: test.case,
        passed: wrong.length === 0,
        wrong,
        steps,
      })
    }
  }
  return { results, problems: problems.sort(byPlace) }
}

function factsOf(test: ProcedureTest, target: Facts['target']): Facts {
  const now = Date.parse(test.at)
  return {
    requester: test.requester,
    target,
    incident: test.incident === undefined ? undefined : incidentOf(test.incident, now),
    request: { durationMs: test.for === undefined ? undefined : parseDuration(test.for) },
    now,
  }
}

function incidentOf({ url, ...given }: NonNullable<ProcedureTest['incident']>, now: number): Incident {
  const at = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : Date.parse(text)
  return {
    ...given,
    opened_at: at(given.opened_at, now - 300_000),
    updated_at: at(given.updated_at, now),
    seen_at: at(given.seen_at, now),
    ...(url === undefined ? {} : { url }),
  }
}

/** A ruling in the words of `expect`. */
interface Outcome {
  readonly decision: ProcedureTest['expect']['decision']
  readonly approval?: 'none' | number
  readonly time?: string
  readonly procedure?: string
  readonly scope?: string
  readonly why: string
}

function outcomeOf(ruling: Ruling): Outcome {
  if (ruling.kind === 'denied') return { decision: 'deny', why: ruling.why }
  if (ruling.kind === 'ambiguous') return { decision: 'choose', why: ruling.procedures.join(', ') }
  const { approval, terms, durationMs } = ruling
  return {
    decision: approval.mode === 'automatic' ? 'grant' : 'ask',
    approval: approval.mode === 'automatic' ? 'none' : approval.ask.count,
    time: formatDuration(durationMs),
    procedure: terms.procedure,
    scope: terms.scope.use,
    why: approval.why,
  }
}

function differences(ruling: Ruling, wanted: ProcedureTest['expect']): readonly string[] {
  const got = outcomeOf(ruling)
  const wrong: string[] = []
  const compare = (
    name: string,
    want: string | number | undefined,
    is: string | number | undefined,
  ): void => {
    if (want !== undefined && want !== is) wrong.push(`${name} is ${is ?? 'none'}, expected ${want}`)
  }
  if (wanted.decision !== got.decision)
    wrong.push(`decision is ${got.decision}, expected ${wanted.decision}: ${got.why}`)
  if (wanted.approval !== 'people') compare('approval', wanted.approval, got.approval)
  else if (typeof got.approval !== 'number')
    wrong.push(`approval is ${got.approval ?? 'not asked for'}, expected people`)
  // `1800s` and `30m` are the same time.
  compare(
    'time',
    wanted.time === undefined ? undefined : formatDuration(parseDuration(wanted.time) ?? 0),
    got.time,
  )
  compare('procedure', wanted.procedure, got.procedure)
  compare('scope', wanted.scope, got.scope)
  if (wanted.because !== undefined && !got.why.includes(wanted.because)) {
    wrong.push(`the reason is "${got.why}", expected it to contain "${wanted.because}"`)
  }
  return wrong
}
