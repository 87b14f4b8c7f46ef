/** What a client would send as one message, and what rules say to it: the answer of `policy judge`, whatever the protocol. */
export interface JudgedMessage {
  /** In what was given, from 1. */
  readonly line: number
  readonly text: string
  readonly refused: boolean
  readonly writes: boolean
  readonly statements: readonly JudgedStatement[]
  /** Every rule that has something to say, in force or not; those that refuse first. */
  readonly rules: readonly JudgedRule[]
  /** A variable of the script is not known; something stands in its place. */
  readonly guessed: boolean
}

/** One of the things that a message would do. */
export interface JudgedStatement {
  readonly verb: string
  readonly writes: boolean
  /** `access`: `read`, `change`, `define`, `call`. */
  readonly objects: readonly { readonly name: string; readonly access: string }[]
  readonly text: string
}

/** A rule that has something to say to a message, whether it is in force or not. */
export interface JudgedRule {
  readonly rule: string
  readonly refused: boolean
  readonly what: string
  /** Who says so. */
  readonly because: string
  /** The way out of a refusal. */
  readonly next: string
  /** In characters of the message, from 1. */
  readonly at?: number
}
