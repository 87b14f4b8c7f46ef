/** Something in the files of a log that is not as it must be. */
export interface Finding {
  /** Relative to the folder of the log, or with `signer/` before it to that of the signer. */
  readonly file: string
  /** The first entry concerned, where there is one. */
  readonly index?: number
  readonly what: string
}
