import { mergeMasks, type Mask, type MaskCatalog, type MaskedRelation } from './catalog.ts'
import type { Outline, Output, Query, Range, Use } from './outline.ts'

/** Columns that every table has. */
const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'])

/** A column of an expanded query: its mask, or undefined when it is not masked. */
export type Expanded = readonly (Mask | undefined)[]

/**
 * Which names of a statement stand for masked columns, and which for something that has one. Names count for the whole statement,
 * not for the level they stand at: an alias that stands for a masked column anywhere is masked everywhere. So scopes need not
 * be imitated, and what is wrong is wrong to the safe side.
 */
export class Taint {
  readonly #outline: Outline
  readonly #catalog: MaskCatalog
  /** Names of masked columns: what follows from the tables, and what is given to them by AS and column lists. */
  readonly #columns = new Map<string, Mask>()
  readonly #ranges: (Mask | undefined)[]
  readonly #queries: (Mask | undefined)[]
  readonly #byAlias = new Map<string, number[]>()
  readonly #aliases = new Set<string>()

  constructor(outline: Outline, catalog: MaskCatalog) {
    this.#outline = outline
    this.#catalog = catalog
    this.#ranges = outline.ranges.map(() => undefined)
    this.#queries = outline.queries.map(() => undefined)
    for (const [index, { as }] of outline.ranges.entries()) {
      const list = this.#byAlias.get(as)
      if (list) list.push(index)
      else this.#byAlias.set(as, [index])
    }
    for (const [name, mask] of catalog.everywhere) this.#columns.set(name, mask)
    for (let before = -1; before !== this.#known; ) {
      before = this.#known
      for (const [index, range] of outline.ranges.entries()) this.#visitRange(index, range)
      for (const [index, query] of outline.queries.entries()) this.#visitQuery(index, query)
    }
  }

  get #known(): number {
    return this.#columns.size + count(this.#ranges) + count(this.#queries)
  }

  /** Names given to masked columns in this statement. */
  get aliases(): ReadonlySet<string> {
    return this.#aliases
  }

  get any(): boolean {
    return this.#ranges.some(mask => mask !== undefined)
  }

  range(index: number): Mask | undefined {
    return this.#ranges[index]
  }

  /** The mask of one of the outputs that are masked; undefined when none is. */
  query(index: number): Mask | undefined {
    return this.#queries[index]
  }

  column(name: string): Mask | undefined {
    return this.#columns.get(name)
  }

  /** Whether naming this reaches a masked column, also within a whole row. */
  use({ path, star }: Use): Mask | undefined {
    return star ? this.#star(path) : (this.#plain(path) ?? this.wholeRow(path))
  }

  /** A name that stands for a row with a masked column, or a call of a function on one: `u`, `u.to_json`. */
  wholeRow(path: readonly string[]): Mask | undefined {
    const last = path.at(-1) ?? ''
    if (path.length === 1) return this.#columns.has(last) ? undefined : this.#star(path)
    const owner = this.#star(path.slice(0, -1))
    if (owner === undefined || !this.#catalog.rowFunctions.has(last)) return undefined
    return this.#isColumnOf(path.at(-2) ?? '', last) ? undefined : owner
  }

  /**
   * The columns of a query in their order, as far as the outline and the masked tables tell: undefined when `*` stands for
   * a table whose columns are not known here.
   */
  expand(index: number): Expanded | undefined {
    const query = this.#outline.queries[index]
    if (query === undefined || query.arms.length > 0) return undefined
    const columns: (Mask | undefined)[] = []
    for (const output of query.outputs) {
      const more = output.kind === 'star' ? this.#expandStar(output.path, query) : [this.#output(output)]
      if (more === undefined) return undefined
      columns.push(...more)
    }
    return columns
  }

  /** Masks of the columns of a table by their position; undefined when several tables may be meant. */
  table(index: number): MaskedRelation | undefined {
    const range = this.#outline.ranges[index]
    if (range?.kind !== 'table') return undefined
    const found = this.#catalog.find(range.schema, range.name)
    return found.length === 1 ? found[0] : undefined
  }

  #visitRange(index: number, range: Range): void {
    const mask = this.#rangeMask(range)
    if (mask === undefined) return
    this.#ranges[index] = mask
    if (range.columns.length === 0) return
    const expanded = range.kind === 'query' ? this.expand(range.query) : undefined
    for (const [place, name] of range.columns.entries()) {
      if (expanded === undefined) this.#name(name, mask)
      else {
        const one = expanded[place]
        if (one) this.#name(name, one)
      }
    }
  }

  #rangeMask(range: Range): Mask | undefined {
    switch (range.kind) {
      case 'table': {
        let mask: Mask | undefined
        for (const relation of this.#catalog.find(range.schema, range.name)) {
          for (const column of relation.columns) {
            if (column.mask === undefined) continue
            mask = mergeMasks(mask, column.mask)
            this.#columns.set(column.name, mergeMasks(this.#columns.get(column.name), column.mask))
          }
        }
        // The name may be that of a CTE.
        const cte = range.schema === undefined ? this.#cte(range.name) : undefined
        return mask ?? cte
      }
      case 'query':
        return this.#queries[range.query]
      case 'of':
        return range.ranges.map(one => this.#ranges[one]).find(mask => mask !== undefined)
      case 'call': {
        if (range.builtIn) return undefined
        // A function of the database may return rows of a masked table.
        let mask: Mask | undefined
        for (const [name, named] of this.#catalog.named) {
          mask = mergeMasks(mask, named)
          this.#columns.set(name, mergeMasks(this.#columns.get(name), named))
        }
        return mask
      }
    }
  }

  #cte(name: string): Mask | undefined {
    for (const [index, range] of this.#outline.ranges.entries())
      if (range.kind === 'query' && range.cte && range.as === name && this.#ranges[index])
        return this.#ranges[index]
    return undefined
  }

  #visitQuery(index: number, query: Query): void {
    for (const arm of query.arms) this.#queries[index] ??= this.#queries[arm]
    for (const output of query.outputs) {
      const mask = this.#outputOrStar(output, query)
      if (mask === undefined) continue
      this.#queries[index] ??= mask
      if (output.kind !== 'star' && output.as !== undefined) this.#name(output.as, mask)
    }
  }

  #name(name: string, mask: Mask): void {
    this.#columns.set(name, mergeMasks(this.#columns.get(name), mask))
    this.#aliases.add(name)
  }

  #outputOrStar(output: Output, query: Query): Mask | undefined {
    if (output.kind !== 'star') return this.#output(output)
    if (output.path.length > 0) return this.#star(output.path)
    return query.ranges.map(range => this.#ranges[range]).find(mask => mask !== undefined)
  }

  #output(output: Exclude<Output, { kind: 'star' }>): Mask | undefined {
    if (output.kind === 'column') return this.use({ path: output.path, star: false })
    const { uses, queries } = output
    for (let at = uses[0]; at < uses[1]; at++) {
      const use = this.#outline.uses[at]
      const mask = use && this.use(use)
      if (mask) return { ...mask, keep: 'nothing' }
    }
    for (let at = queries[0]; at < queries[1]; at++) {
      const mask = this.#outline.queries[at]?.sink === 'value' ? this.#queries[at] : undefined
      if (mask) return { ...mask, keep: 'nothing' }
    }
    return undefined
  }

  /** A column by its name, alone or behind what it belongs to. */
  #plain(path: readonly string[]): Mask | undefined {
    if (path.length === 1) return this.#columns.get(path[0] ?? '')
    if (this.#knownClear(path.at(-2) ?? '')) return undefined
    for (const part of path.slice(1)) {
      const mask = this.#columns.get(part)
      if (mask) return mask
    }
    return undefined
  }

  /** Everything that has this name: the columns of `u.*` or `u` itself. */
  #star(path: readonly string[]): Mask | undefined {
    for (const index of this.#byAlias.get(path.at(-1) ?? '') ?? []) {
      const mask = this.#ranges[index]
      if (mask) return mask
    }
    return undefined
  }

  /** True for a name that stands for something in this statement, and for nothing with a masked column. */
  #knownClear(alias: string): boolean {
    const meant = this.#byAlias.get(alias)
    return meant !== undefined && meant.every(index => this.#ranges[index] === undefined)
  }

  #isColumnOf(alias: string, name: string): boolean {
    if (SYSTEM_COLUMNS.has(name)) return true
    const meant = this.#byAlias.get(alias) ?? []
    return meant.length > 0 && meant.every(index => this.table(index)?.columns.some(one => one.name === name))
  }

  #expandStar(path: readonly string[], query: Query): Expanded | undefined {
    const ranges = path.length === 0 ? query.ranges : (this.#byAlias.get(path.at(-1) ?? '') ?? [])
    // The same alias at two levels: which one is meant is not known.
    if (path.length > 0 && ranges.length !== 1) return undefined
    const columns: (Mask | undefined)[] = []
    for (const range of ranges) {
      const more = this.#expandRange(range)
      if (more === undefined) return undefined
      columns.push(...more)
    }
    return columns
  }

  #expandRange(index: number): Expanded | undefined {
    const range = this.#outline.ranges[index]
    if (range === undefined) return undefined
    if (range.kind === 'query') return this.expand(range.query)
    if (range.kind !== 'table') return undefined
    if (range.schema === undefined && this.#cte(range.name) !== undefined) return undefined
    return this.table(index)?.columns.map(column => column.mask)
  }
}

function count(list: readonly unknown[]): number {
  return list.reduce<number>((sum, one) => (one === undefined ? sum : sum + 1), 0)
}
