import { sha256Hex } from '../kernel/bytes.ts'
import { canonicalJson } from '../kernel/canonical-json.ts'
import type { JsonValue } from '../kernel/json.ts'
import { checkKnown } from './check-known.ts'
import type { Known } from './known.ts'
import { parseProcedure, type ParsedProcedure } from './parse-procedure.ts'
import { byPlace, type Problem } from './problem.ts'
import type { LoadedProcedure, Procedure, ProcedureSet } from './procedure.ts'
import type { SourceFile } from './read-yaml.ts'

export type LoadResult =
  | { readonly ok: true; readonly set: ProcedureSet }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/**
 * A set from all its files, or everything that is wrong with them: one bad file refuses the set. Pure. Files that end in
 * `.test.yaml` hold tests and are passed over.
 */
export function loadProcedures(files: readonly SourceFile[], known: Known): LoadResult {
  const { parsed, problems } = parseAll(files)
  const all = [...problems, ...parsed.flatMap(one => checkKnown(one, known))]
  if (all.length > 0) return { ok: false, problems: all.sort(byPlace) }
  return { ok: true, set: assemble(parsed, setDigest(parsed)) }
}

/**
 * For bytes that owners accepted earlier: the same set, less what the present configuration no longer supports. Leaving a
 * procedure out only narrows; `problems` says what was left out. The digest is that of the whole accepted set.
 * Fails when a file does not parse, as then the digest cannot be known.
 */
export function loadAccepted(
  files: readonly SourceFile[],
  known: Known,
):
  | (LoadResult & { readonly ok: false })
  | { readonly ok: true; readonly set: ProcedureSet; readonly problems: readonly Problem[] } {
  const { parsed, problems } = parseAll(files)
  if (problems.length > 0) return { ok: false, problems: [...problems].sort(byPlace) }
  const left: Problem[] = []
  const supported = parsed.filter(one => {
    const found = checkKnown(one, known)
    left.push(...found)
    return found.length === 0
  })
  return { ok: true, set: assemble(supported, setDigest(parsed)), problems: left.sort(byPlace) }
}

/** No procedures: opens nothing for nobody. */
export function emptySet(): ProcedureSet {
  return assemble([], setDigest([]))
}

function parseAll(files: readonly SourceFile[]): {
  parsed: readonly ParsedProcedure[]
  problems: readonly Problem[]
} {
  const parsed: ParsedProcedure[] = []
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  const inOrder = files
    .filter(file => !file.path.endsWith('.test.yaml'))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  for (const source of inOrder) {
    const result = parseProcedure(source)
    if (!result.ok) {
      problems.push(...result.problems)
      continue
    }
    const { file, values } = result.parsed
    const earlier = seen.get(values.procedure)
    if (earlier !== undefined) {
      const message = `procedure "${values.procedure}" is already defined in ${earlier}`
      problems.push({
        file: file.path,
        ...file.place(['procedure']),
        message,
        next: 'Give one of them another name.',
      })
      continue
    }
    seen.set(values.procedure, file.path)
    parsed.push(result.parsed)
  }
  parsed.sort((a, b) => (a.values.procedure < b.values.procedure ? -1 : 1))
  return { parsed, problems }
}

/** The bytes whose SHA-256 is the digest of the set; undefined when a file does not parse. */
export function digestedText(files: readonly SourceFile[]): string | undefined {
  const { parsed, problems } = parseAll(files)
  return problems.length > 0 ? undefined : setText(parsed)
}

function setDigest(parsed: readonly ParsedProcedure[]): string {
  return sha256Hex(setText(parsed))
}

/** `format` changes when the same file would come to mean something else. */
function setText(parsed: readonly ParsedProcedure[]): string {
  // Procedure is JSON-safe by its own promise; its optional fields are absent, never undefined.
  const procedures = parsed.map(({ values }) => values) as unknown as JsonValue
  return canonicalJson({ format: 1, procedures })
}

function assemble(parsed: readonly ParsedProcedure[], digest: string): ProcedureSet {
  const procedures = new Map<string, LoadedProcedure>()
  const byTarget = new Map<string, LoadedProcedure[]>()
  for (const { file, values, when, automaticWhen } of parsed) {
    const loaded = {
      name: values.procedure,
      file: file.path,
      values,
      when,
      automaticWhen,
      terms: termsOf(values, digest),
    }
    procedures.set(loaded.name, loaded)
    for (const target of values.targets) {
      const list = byTarget.get(target)
      if (list === undefined) byTarget.set(target, [loaded])
      else list.push(loaded)
    }
  }
  return { digest, procedures, byTarget }
}

function termsOf(values: Procedure, digest: string): LoadedProcedure['terms'] {
  const { procedure, verify, scope, time, evidence, record, anyAddress, alert, review, limits } = values
  return { procedure, digest, verify, scope, time, evidence, record, anyAddress, alert, review, limits }
}
