import { compileCondition, type Condition } from './condition.ts'
import { normalise } from './normalise.ts'
import type { Problem } from './problem.ts'
import type { Procedure } from './procedure.ts'
import { readYaml, type Path, type SourceFile, type YamlFile } from './read-yaml.ts'
import { procedureSchema } from './schema.ts'
import { schemaProblems } from './schema-problems.ts'

/** A file that says something coherent by itself. Whether what it names exists is not yet known (`checkKnown`). */
export interface ParsedProcedure {
  readonly file: YamlFile
  readonly values: Procedure
  readonly when: Condition
  readonly automaticWhen: Condition | undefined
}

export type ParseResult =
  | { readonly ok: true; readonly parsed: ParsedProcedure }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export const WHEN: Path = ['when']
export const AUTOMATIC_WHEN: Path = ['approval', 'automatic_when']

export function parseProcedure(source: SourceFile): ParseResult {
  const yaml = readYaml(source)
  if (!yaml.ok) return yaml
  const { file } = yaml
  const checked = procedureSchema.safeParse(file.value)
  if (!checked.success) return { ok: false, problems: schemaProblems(procedureSchema, checked.error, file) }

  const problems: Problem[] = []
  const when = condition(file, WHEN, checked.data.when, problems)
  const text = checked.data.approval.automatic_when
  const automaticWhen = text === undefined ? undefined : condition(file, AUTOMATIC_WHEN, text, problems)
  const values = normalise(checked.data)
  problems.push(...contradictions(values, file))
  if (problems.length > 0 || when === undefined) return { ok: false, problems }
  return { ok: true, parsed: { file, values, when, automaticWhen } }
}

function condition(file: YamlFile, path: Path, written: string, problems: Problem[]): Condition | undefined {
  // The value is trimmed for the digest; positions still count in the text as written.
  const lead = written.length - written.trimStart().length
  const compiled = compileCondition(written.trim())
  if (compiled.ok) return compiled.condition
  for (const { at, message, next } of compiled.problems) {
    problems.push({
      file: file.path,
      ...file.placeInText(path, at + lead),
      message: `${path.join('.')}: ${message}`,
      next,
    })
  }
  return undefined
}

const DAY = 86_400_000

/** Values that each stand alone but not together. */
function contradictions({ time, ask, review, targets }: Procedure, file: YamlFile): Problem[] {
  const problems: Problem[] = []
  const refuse = (path: Path, message: string, next: string): void => {
    problems.push({ file: file.path, ...file.place(path), message, next })
  }
  if (time.mostMs > DAY)
    refuse(
      ['time', 'most'],
      'time.most is longer than 24h',
      'Emergency access ends within a day; ask again instead.',
    )
  if (time.defaultMs > time.mostMs)
    refuse(['time', 'default'], 'time.default is longer than time.most', 'Shorten default or raise most.')
  if (ask?.nobody !== undefined && ask.nobody.mostMs > time.mostMs) {
    refuse(
      ['approval', 'nobody', 'most'],
      'approval.nobody.most is longer than time.most',
      'Without approval a grant is at most as long as with it.',
    )
  }
  if (ask?.nobody !== undefined && ask.nobody.afterMs > ask.withinMs) {
    refuse(
      ['approval', 'nobody', 'after'],
      'approval.nobody.after comes later than the request lapses',
      'Set after to at most approval.otherwise.within.',
    )
  }
  if (
    ask !== undefined &&
    ask.from.groups.length === 0 &&
    ask.from.people.length > 0 &&
    ask.from.people.length < ask.count
  ) {
    refuse(
      ['approval', 'otherwise', 'count'],
      `${ask.count} approvals are asked for, but only ${ask.from.people.length} named`,
      'Name more people or a group, or lower count.',
    )
  }
  if (review.from.people.length === 0 && review.from.groups.length === 0) {
    refuse(
      ['review', 'from'],
      'review.from names nobody',
      'Every use ends in a review: name people or groups.',
    )
  }
  if (targets.length === 0) refuse(['targets'], 'no target is named', 'Name at least one target.')
  return problems
}
