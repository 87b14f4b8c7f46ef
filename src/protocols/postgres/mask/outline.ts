/**
 * What a text of SQL does with names, without knowing what they mean: which relations it reads, which columns come out of each
 * of its queries as they are, and which are used in any other way. A function of the text alone, so it may be cached by it; plain
 * data, as it crosses from the worker. Numbers name entries of `ranges` and `queries`.
 */
export interface Outline {
  readonly ranges: readonly Range[]
  readonly queries: readonly Query[]
  /** Columns in any place but that of a plain output. */
  readonly uses: readonly Use[]
  /** Columns compared by their bare name: JOIN … USING, ON CONFLICT, SEARCH BY, CYCLE. */
  readonly compared: readonly string[]
  readonly acts: readonly Act[]
  /** Names of functions called, without schema. */
  readonly calls: readonly string[]
  /** COPY … TO STDOUT, in the order in which the target will answer. */
  readonly copies: readonly CopyOut[]
}

/** Something with columns that a name stands for. `columns`: names given to its first columns by an alias. */
export type Range = { readonly as: string; readonly columns: readonly string[] } & (
  | { readonly kind: 'table'; readonly schema?: string; readonly name: string }
  | { readonly kind: 'query'; readonly query: number; readonly cte: boolean }
  /** `merged`: USING or NATURAL made one column of two. Also OLD, NEW and EXCLUDED, which are their table again. */
  | { readonly kind: 'of'; readonly ranges: readonly number[]; readonly merged: boolean }
  | { readonly kind: 'call'; readonly builtIn: boolean }
)

/** Where the rows of a query go: to the client, into COPY, into the query around it, into an expression or a table. */
export type Sink = 'client' | 'copy' | 'inner' | 'value' | 'exists' | 'stored'

export interface Query {
  readonly sink: Sink
  /** Of UNION, INTERSECT and EXCEPT; then there are no outputs. */
  readonly arms: readonly number[]
  readonly outputs: readonly Output[]
  /** What its `*` stands for. */
  readonly ranges: readonly number[]
  readonly distinct: boolean
  /** Outputs that ORDER BY or GROUP BY names by position, from 1. */
  readonly positions: readonly number[]
}

export type Output =
  | { readonly kind: 'column'; readonly path: readonly string[]; readonly as?: string }
  /** `path`: what stands before the star. */
  | { readonly kind: 'star'; readonly path: readonly string[] }
  /** An expression; what it uses is `uses[from, to)` and `queries[from, to)`. */
  | {
      readonly kind: 'value'
      readonly as?: string
      readonly uses: readonly [number, number]
      readonly queries: readonly [number, number]
    }

export interface Use {
  readonly path: readonly string[]
  /** `path.*` */
  readonly star: boolean
}

export type Act =
  | { readonly kind: 'natural_join' }
  /** DO, CREATE FUNCTION, CREATE PROCEDURE: what its body does is not seen. */
  | { readonly kind: 'program' }
  | { readonly kind: 'table_from_execute' }
  /** Would take a relation, or one column of it, from under the name or the type it is masked by. */
  | { readonly kind: 'moves'; readonly range: number; readonly column?: string }

export interface CopyOut {
  readonly from:
    | { readonly range: number; readonly columns: readonly string[] }
    /** Index into `queries`. */
    | { readonly query: number }
  /** Undefined: options that this version cannot follow. */
  readonly format: CopyFormat | undefined
}

/** How COPY writes a row ("COPY", "File Formats"). One byte each for `delimiter`, `quote` and `escape`. */
export interface CopyFormat {
  readonly kind: 'text' | 'csv' | 'binary'
  readonly delimiter: string
  readonly nullText: string
  readonly header: boolean
  readonly quote: string
  readonly escape: string
}
