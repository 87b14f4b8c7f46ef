import type { CommandName, Define } from './call.ts'

export interface CommandEntry extends CommandName {
  readonly group: Group
  /** Loaded only when it is the one that was typed: the start stays short. */
  readonly load: () => Promise<Define>
}

/** Under which heading of `breakglass --help` it stands. */
export type Group = 'Access' | 'Identity' | 'Answering' | 'Looking' | 'Incidents' | 'Setting up' | 'Evidence'

export const entry = (
  group: Group,
  words: string,
  summary: string,
  load: () => Promise<Define>,
): CommandEntry => ({
  words,
  summary,
  group,
  load,
})
