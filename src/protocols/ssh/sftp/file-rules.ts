import type { Objection, SessionRules } from '../../../target/action.ts'

/** What a request does to files; what is listed or looked at only is `look`. */
export type Effect = 'look' | 'read' | 'write' | 'remove' | 'attributes'

/** One thing refused to SFTP and to the old scp. */
export interface FileRule {
  /** `always`: in every session. `named`: when `scope.refuse` names it. */
  readonly holds: 'always' | 'named'
  /** Continues "refuses …" in help texts and tables. */
  readonly refuses: string
  /** The way out, one sentence, told to the person who was refused. */
  readonly next: string
  /** For `named`: the effects it forbids. */
  readonly effects?: readonly Effect[]
}

const RULES = {
  sftp_unknown: {
    holds: 'always',
    refuses: 'SFTP requests, flags and extensions that the gateway does not know',
    next: 'Use a client that speaks version 3 of SFTP, as OpenSSH does.',
  },
  sftp_handle: {
    holds: 'always',
    refuses: 'SFTP requests on a handle that is not open, or not open for what they do',
    next: 'Open the file again for what is to be done with it.',
  },
  too_many_files: {
    holds: 'always',
    refuses: 'more than 1024 open files in one sftp channel',
    next: 'Close files that are no longer needed.',
  },
  file_transfer: {
    holds: 'named',
    refuses: 'sftp, scp and rsync altogether',
    next: 'Ask for a scope that permits copying files.',
    effects: ['look', 'read', 'write', 'remove', 'attributes'],
  },
  file_reads: {
    holds: 'named',
    refuses: 'sftp and scp operations that read the content of files; looking at folders stays possible',
    next: 'Ask for a scope that permits reading files.',
    effects: ['read'],
  },
  file_writes: {
    holds: 'named',
    refuses: 'sftp and scp operations that change anything: files, folders, names, links, attributes',
    next: 'Ask for a scope that permits writing files.',
    effects: ['write', 'remove', 'attributes'],
  },
  file_removes: {
    holds: 'named',
    refuses: 'sftp operations that remove or rename a file or a folder',
    next: 'Ask for a scope that permits removing files.',
    effects: ['remove'],
  },
  file_attributes: {
    holds: 'named',
    refuses: 'sftp operations that change owner, mode, times or size without writing',
    next: 'Ask for a scope that permits changing attributes; leave out -p.',
    effects: ['attributes'],
  },
} as const satisfies Readonly<Record<string, FileRule>>

export type FileRuleName = keyof typeof RULES

export const FILE_RULES: Readonly<Record<FileRuleName, FileRule>> = RULES

const NAMED = (Object.keys(RULES) as FileRuleName[]).filter(name => RULES[name].holds === 'named')

/** Which named rules forbid these effects under these rules; `what` says what was seen. Empty: nothing does. */
export function fileObjections(
  { refuse }: Pick<SessionRules, 'refuse'>,
  effects: readonly Effect[],
  what: string,
): readonly Objection[] {
  if (refuse.length === 0) return []
  return NAMED.filter(
    name => refuse.includes(name) && effects.some(effect => FILE_RULES[name].effects?.includes(effect)),
  ).map(name => fileObjection(name, what))
}

/** Whether requests about files may be refused under these rules, one after the other. */
export function refusesFiles({ refuse }: Pick<SessionRules, 'refuse'>): boolean {
  return NAMED.some(name => refuse.includes(name))
}

export function fileObjection(rule: FileRuleName, what: string): Objection {
  return { rule, what, next: FILE_RULES[rule].next }
}

/** What the person reads in their client: one line. */
export function refusalText(
  { rule, what, next }: Objection,
  { procedure }: Pick<SessionRules, 'procedure'>,
): string {
  const named = Object.hasOwn(RULES, rule) && FILE_RULES[rule as FileRuleName].holds === 'named'
  const who = named && procedure !== undefined ? `procedure ${procedure}, rule ${rule}` : rule
  return `breakglass refused ${what} (${who}). ${next}`
}
