/** Stands in `Word.text` for a piece whose value only the target's shell could tell. */
export const UNKNOWN_PIECE = '\uFFFC'

/** A word of a command line as a shell would hand it on, as far as the text alone tells. */
export interface Word {
  /** Without its quotes. What is not known is `UNKNOWN_PIECE`; wildcards and braces stand as they were typed. */
  readonly text: string
  /** False: `text` is not what the program will get, and it may become several words or none. */
  readonly known: boolean
  /** Some of it was quoted or escaped. */
  readonly quoted: boolean
  /** The `NAME` of a word that begins with `NAME=`, none of it quoted. */
  readonly assigns?: string
  /** Where it stands in the text that was read, in UTF-16 units. */
  readonly from: number
  readonly to: number
}

export interface Redirection {
  /** `read`, `write`: of the file `target`. `copy`: a descriptor that is open, or its end. `text`: a here-document or here-string. */
  readonly kind: 'read' | 'write' | 'copy' | 'text'
  readonly target: Word
}

/** A simple command (POSIX 2.9.1). Without words it only assigns or redirects. */
export interface SimpleCommand {
  readonly words: readonly Word[]
  /** Names of variables that are set: for this command only, or for the shell where there is no word. */
  readonly assigns: readonly string[]
  readonly redirections: readonly Redirection[]
  /** Nobody waits for it (`&`, `coproc`). */
  readonly background: boolean
  /** In UTF-16 units. */
  readonly from: number
  readonly to: number
}

/** A word of which nothing is known, at the place of what makes it. */
export function unknownWord({ from, to }: { readonly from: number; readonly to: number }): Word {
  return { text: UNKNOWN_PIECE, known: false, quoted: false, from, to }
}
