/** Something wrong in a file, placed so that an editor can jump there. Lines and columns count from 1. */
export interface Problem {
  readonly file: string
  readonly line: number
  readonly column: number
  /** What is wrong, one sentence without the place. */
  readonly message: string
  /** What to write instead. */
  readonly next: string
}

/** `procedures/orders.yaml:12:9: unknown target "ordrs-db"` and, on the next line, what to do. */
export function problemText(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}\n  ${problem.next}`
}

/** By file, then place: what `policy check` prints and tests compare. */
export function byPlace(a: Problem, b: Problem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}
