import type { Redirection, Word } from './shell/word.ts'

/** Something a command line runs, and what that runs in turn. */
export interface Run {
  /** The program first. None: variables are set or files opened only. */
  readonly words: readonly Word[]
  /** The last part of the program's path; undefined when there is none or only the target's shell could tell. */
  readonly name: string | undefined
  /** Names of variables that it gets, `env` included. */
  readonly assigns: readonly string[]
  readonly redirections: readonly Redirection[]
  readonly background: boolean
  /** What it runs as part of its own arguments. `plainly`: it does nothing besides, and as the same account. */
  readonly inner?: { readonly runs: readonly Run[]; readonly plainly: boolean }
  /** What of it cannot be told from the text. */
  readonly hides?: string
  /** It reads further commands from its input. */
  readonly readsCommands?: true
  /** In UTF-16 units of the line. */
  readonly from: number
  readonly to: number
}

/** A run and everything under it, outermost first. */
export function* withInner(run: Run): Generator<Run> {
  yield run
  for (const inner of run.inner?.runs ?? []) yield* withInner(inner)
}
