import { Fault } from '../../kernel/faults.ts'

/** One thing that is wrong in a file, where, and what to do. Line and column count from 1. */
export interface ConfigProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
  readonly next?: string
}

/** All problems in one fault, so that a file is repaired in one go; the message shows each with its place. */
export function configFault(problems: readonly ConfigProblem[]): Fault {
  const lines = problems.map(
    ({ file, line, column, message, next }) =>
      `${file}:${line}:${column}: ${message}${next === undefined ? '' : ` (${next})`}`,
  )
  return new Fault('config.invalid', lines.join('\n'), {
    next: `Repair ${problems.length === 1 ? 'it' : 'them'} and run the command again; nothing was changed.`,
    facts: { problems },
  })
}
