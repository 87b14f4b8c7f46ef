/**
 * What a rehearsal must know of one statement, read from its text alone. Plain data: it crosses from the parser's thread.
 * Texts are slices of what the person sent, whose parse was compared with the statement's own.
 */
export type Dissection =
  | ChangedRows
  | InsertedRows
  /** Runs held; of its rows only the number is known, if its tag counts them. `why`: what is not shown, a clause. */
  | { readonly kind: 'held'; readonly verb: string; readonly why: string }
  /** A transaction cannot hold it, or ROLLBACK does not undo it. */
  | { readonly kind: 'never'; readonly what: string }
  | { readonly kind: 'control'; readonly verb: string; readonly savepoint: string }

/** UPDATE or DELETE of one table, whose rows can be found before they change. */
export interface ChangedRows {
  readonly kind: 'update' | 'delete'
  /** Parts of the table's name as the server folds them, schema first if it was written. */
  readonly name: readonly string[]
  /** As written: `ONLY public.orders AS o`. */
  readonly relation: string
  /** By which its columns are called. */
  readonly alias: string
  /** `WITH …` before it, or empty. */
  readonly prelude: string
  /** The FROM or USING list, or empty. */
  readonly others: string
  /** The condition, or empty. Parameters are renumbered from 1; `parameters` says which they were. */
  readonly where: string
  readonly parameters: readonly number[]
  /** Columns an UPDATE sets. */
  readonly sets: readonly string[]
}

export interface InsertedRows {
  readonly kind: 'insert'
  readonly name: readonly string[]
  /** The statement, without what follows it, so that a RETURNING can be put behind; undefined when it has one. */
  readonly open: string | undefined
}
