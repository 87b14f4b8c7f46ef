import { isBuiltIn } from '../inspect/builtins.ts'
import { isNode, listAt, names, nodeAt, textAt, unwrap, type Node } from '../inspect/tree.ts'
import { copyFormat } from './copy-format.ts'
import type { Act, CopyOut, Outline, Output, Query, Range, Sink, Use } from './outline.ts'

/** The parser's result for one text as an outline: all statements of the message together. Throws only RangeError, on a tree too deep. */
export function readOutline(tree: Node): Outline {
  const reader = new OutlineReader()
  for (const raw of listAt(tree, 'stmts')) reader.statement(nodeAt(raw, 'stmt'), 'client')
  return reader.outline
}

/** Walks the tree once; entries are numbered in the order in which they are met, a query before what lies below it. */
class OutlineReader {
  readonly #ranges: Range[] = []
  readonly #queries: Query[] = []
  readonly #uses: Use[] = []
  readonly #compared: string[] = []
  readonly #acts: Act[] = []
  readonly #calls: string[] = []
  readonly #copies: CopyOut[] = []

  get outline(): Outline {
    return {
      ranges: this.#ranges,
      queries: this.#queries,
      uses: this.#uses,
      compared: [...new Set(this.#compared)],
      acts: this.#acts,
      calls: [...new Set(this.#calls)],
      copies: this.#copies,
    }
  }

  /** A wrapped statement; answers the number of the query whose rows it gives, if it gives any. */
  statement(wrapped: Node | undefined, sink: Sink): number | undefined {
    const { type, fields } = (wrapped && unwrap(wrapped)) ?? { type: '', fields: {} }
    switch (type) {
      case 'SelectStmt':
        return this.#select(fields, sink)
      case 'InsertStmt':
        return this.#insert(fields, sink)
      case 'UpdateStmt':
      case 'DeleteStmt':
      case 'MergeStmt':
        return this.#change(fields, sink)
      case 'DeclareCursorStmt':
      case 'PrepareStmt':
      case 'ExplainStmt':
        return this.statement(nodeAt(fields, 'query'), 'client')
      case 'CopyStmt':
        this.#copy(fields)
        return undefined
      case 'CreateTableAsStmt':
        return this.#createTableAs(fields)
      case 'ViewStmt':
        return this.statement(nodeAt(fields, 'query'), 'stored')
      case 'RuleStmt':
        this.#rule(fields)
        return undefined
      case 'CreateTrigStmt':
        this.#pseudo(['old', 'new'], this.#tableOf(fields))
        this.#scan(nodeAt(fields, 'whenClause'))
        return undefined
      case 'DoStmt':
      case 'CreateFunctionStmt':
        this.#acts.push({ kind: 'program' })
        return undefined
      case 'RenameStmt':
      case 'AlterObjectSchemaStmt':
        this.#rename(fields)
        return undefined
      case 'AlterTableStmt':
        this.#alterTable(fields)
        return undefined
      case 'IndexStmt':
        this.#index(fields)
        return undefined
      case 'CreateStmt':
        // A new table: its checks and defaults see its own rows only.
        return undefined
      default:
        this.#scan(fields)
        return undefined
    }
  }

  /** `SelectStmt`: SELECT, VALUES, TABLE and the set operations. Its number is taken before what lies below. */
  #select(fields: Node, sink: Sink): number {
    const into = nodeAt(fields, 'intoClause')
    const number = this.#reserve()
    this.#with(fields)
    const operation = textAt(fields, 'op')
    const arms = ['larg', 'rarg']
      .map(side => nodeAt(fields, side))
      .filter(arm => arm !== undefined)
      .map(arm => this.#select(arm, sink === 'exists' ? 'exists' : 'inner'))
    const ranges = listAt(fields, 'fromClause').flatMap(item => this.#fromItem(item))
    const outputs = this.#outputs(listAt(fields, 'targetList'))
    const positions: number[] = []
    for (const clause of ['groupClause', 'sortClause', 'distinctClause'])
      this.#ordering(fields[clause], positions)
    for (const clause of ['whereClause', 'havingClause', 'windowClause', 'valuesLists'])
      this.#scan(fields[clause])
    for (const clause of ['limitCount', 'limitOffset']) this.#scan(fields[clause])
    this.#queries[number] = {
      sink: into ? 'stored' : sink,
      arms: operation === '' || operation === 'SETOP_NONE' ? [] : arms,
      outputs,
      ranges,
      distinct: listAt(fields, 'distinctClause').length > 0,
      positions,
    }
    return number
  }

  #reserve(): number {
    return (
      this.#queries.push({
        sink: 'value',
        arms: [],
        outputs: [],
        ranges: [],
        distinct: false,
        positions: [],
      }) - 1
    )
  }

  #with(fields: Node): void {
    for (const wrapped of listAt(nodeAt(fields, 'withClause') ?? {}, 'ctes')) {
      const cte = nodeAt(wrapped, 'CommonTableExpr') ?? {}
      const query = this.statement(nodeAt(cte, 'ctequery'), 'inner')
      const columns = names(listAt(cte, 'aliascolnames'))
      if (query !== undefined)
        this.#ranges.push({ kind: 'query', query, cte: true, as: textAt(cte, 'ctename'), columns })
      this.#compared.push(...names(listAt(nodeAt(cte, 'search_clause') ?? {}, 'search_col_list')))
      this.#compared.push(...names(listAt(nodeAt(cte, 'cycle_clause') ?? {}, 'cycle_col_list')))
    }
  }

  /** What stands between SELECT and FROM, or behind RETURNING. */
  #outputs(list: readonly Node[]): Output[] {
    return list.map(item => {
      const target = nodeAt(item, 'ResTarget') ?? {}
      const name = textAt(target, 'name')
      const as = name === '' ? {} : { as: name }
      const column = nodeAt(nodeAt(target, 'val') ?? {}, 'ColumnRef')
      if (column) {
        const { path, star } = pathOf(column)
        return star ? { kind: 'star', path } : { kind: 'column', path, ...as }
      }
      const from = [this.#uses.length, this.#queries.length] as const
      this.#scan(target['val'])
      return {
        kind: 'value',
        ...as,
        uses: [from[0], this.#uses.length],
        queries: [from[1], this.#queries.length],
      }
    })
  }

  /** ORDER BY, GROUP BY, DISTINCT ON: a whole number there is the position of an output. */
  #ordering(value: unknown, positions: number[]): void {
    for (const item of Array.isArray(value) ? value.filter(isNode) : []) {
      const { type, fields } = unwrap(item) ?? { type: '', fields: {} }
      const place = type === 'A_Const' ? nodeAt(fields, 'ival')?.['ival'] : undefined
      if (typeof place === 'number') positions.push(place)
      else if (type === 'SortBy') this.#ordering([fields['node']], positions)
      else if (type === 'GroupingSet' || type === 'List' || type === 'RowExpr')
        this.#ordering(
          fields[type === 'GroupingSet' ? 'content' : type === 'List' ? 'items' : 'args'],
          positions,
        )
      else this.#scan(item)
    }
  }

  /** An item of FROM; answers what an unqualified `*` stands for there. */
  #fromItem(item: Node): number[] {
    const { type, fields } = unwrap(item) ?? { type: '', fields: {} }
    const alias = nodeAt(fields, 'alias')
    const as = textAt(alias ?? {}, 'aliasname')
    const columns = names(listAt(alias ?? {}, 'colnames'))
    switch (type) {
      case 'RangeVar':
        return [this.#table(fields)]
      case 'RangeSubselect': {
        const query = this.statement(nodeAt(fields, 'subquery'), 'inner')
        return query === undefined ? [] : [this.#range({ kind: 'query', query, cte: false, as, columns })]
      }
      case 'JoinExpr':
        return this.#join(fields, as, columns)
      case 'RangeTableSample':
        for (const clause of ['args', 'repeatable']) this.#scan(fields[clause])
        return this.#fromItem(nodeAt(fields, 'relation') ?? {})
      case 'RangeFunction': {
        const before = this.#calls.length
        const paths = functionPaths(fields['functions'])
        this.#scan(fields['functions'])
        const called = as === '' ? (this.#calls[before] ?? '') : as
        return [this.#range({ kind: 'call', builtIn: paths.every(isBuiltIn), as: called, columns })]
      }
      default:
        this.#scan(fields)
        return [this.#range({ kind: 'call', builtIn: true, as, columns })]
    }
  }

  #join(fields: Node, as: string, columns: readonly string[]): number[] {
    const sides = ['larg', 'rarg'].flatMap(side => this.#fromItem(nodeAt(fields, side) ?? {}))
    const using = names(listAt(fields, 'usingClause'))
    this.#compared.push(...using)
    this.#scan(fields['quals'])
    if (fields['isNatural'] === true) this.#acts.push({ kind: 'natural_join' })
    const merged = using.length > 0 || fields['isNatural'] === true
    const both = textAt(nodeAt(fields, 'join_using_alias') ?? {}, 'aliasname')
    if (both !== '') this.#range({ kind: 'of', ranges: sides, merged, as: both, columns: [] })
    if (as === '' && !merged) return sides
    return [this.#range({ kind: 'of', ranges: sides, merged, as, columns })]
  }

  #insert(fields: Node, sink: Sink): number | undefined {
    this.#with(fields)
    const target = this.#tableOf(fields)
    this.#pseudo(['old', 'new', 'excluded'], target)
    for (const column of listAt(fields, 'cols')) this.#scan(nodeAt(column, 'ResTarget')?.['indirection'])
    this.statement(nodeAt(fields, 'selectStmt'), 'stored')
    this.#scan(fields['onConflictClause'])
    return this.#returning(fields, target, [], sink)
  }

  /** UPDATE, DELETE and MERGE. */
  #change(fields: Node, sink: Sink): number | undefined {
    this.#with(fields)
    const target = this.#tableOf(fields)
    this.#pseudo(['old', 'new'], target)
    const source = nodeAt(fields, 'sourceRelation')
    const from = [
      ...listAt(fields, 'fromClause'),
      ...listAt(fields, 'usingClause'),
      ...(source ? [source] : []),
    ]
    const ranges = from.flatMap(item => this.#fromItem(item))
    for (const clause of ['targetList', 'whereClause', 'joinCondition', 'mergeWhenClauses'])
      this.#scan(fields[clause])
    return this.#returning(fields, target, ranges, sink)
  }

  #returning(fields: Node, target: number, others: readonly number[], sink: Sink): number | undefined {
    const clause = nodeAt(fields, 'returningClause')
    if (!clause) return undefined
    for (const option of listAt(clause, 'options'))
      this.#pseudo([textAt(nodeAt(option, 'ReturningOption') ?? {}, 'value')], target)
    const number = this.#reserve()
    const outputs = this.#outputs(listAt(clause, 'exprs'))
    const ranges = [target, ...others]
    this.#queries[number] = { sink, arms: [], outputs, ranges, distinct: false, positions: [] }
    return number
  }

  #copy(fields: Node): void {
    const query = this.statement(nodeAt(fields, 'query'), 'copy')
    this.#scan(fields['whereClause'])
    const relation = nodeAt(fields, 'relation')
    const range = relation && this.#table(relation)
    if (fields['is_from'] === true) return
    const format = copyFormat(listAt(fields, 'options'))
    if (query !== undefined) this.#copies.push({ from: { query }, format })
    else if (range !== undefined)
      this.#copies.push({ from: { range, columns: names(listAt(fields, 'attlist')) }, format })
  }

  #createTableAs(fields: Node): undefined {
    const query = nodeAt(fields, 'query')
    if (query && nodeAt(query, 'ExecuteStmt')) this.#acts.push({ kind: 'table_from_execute' })
    this.statement(query, 'stored')
  }

  #rule(fields: Node): void {
    this.#pseudo(['old', 'new'], this.#tableOf(fields))
    this.#scan(fields['whereClause'])
    for (const action of listAt(fields, 'actions')) this.statement(action, 'stored')
  }

  #rename(fields: Node): void {
    const relation = nodeAt(fields, 'relation')
    if (!relation) return
    const column = textAt(fields, 'subname')
    const range = this.#table(relation)
    this.#acts.push(column === '' ? { kind: 'moves', range } : { kind: 'moves', range, column })
  }

  #alterTable(fields: Node): void {
    const range = this.#tableOf(fields)
    for (const wrapped of listAt(fields, 'cmds')) {
      const command = nodeAt(wrapped, 'AlterTableCmd') ?? {}
      const subtype = textAt(command, 'subtype')
      const before = this.#ranges.length
      this.#scan(command['def'])
      if (subtype === 'AT_AlterColumnType')
        this.#acts.push({ kind: 'moves', range, column: textAt(command, 'name') })
      if (
        !/^AT_(AttachPartition|DetachPartition|DetachPartitionFinalize|AddInherit|DropInherit)$/.test(subtype)
      )
        continue
      this.#acts.push({ kind: 'moves', range })
      for (let other = before; other < this.#ranges.length; other++)
        this.#acts.push({ kind: 'moves', range: other })
    }
  }

  /** The columns of an index are compared, but nobody is told how they compare. */
  #index(fields: Node): void {
    this.#tableOf(fields)
    for (const element of [...listAt(fields, 'indexParams'), ...listAt(fields, 'indexIncludingParams')])
      this.#scan(nodeAt(element, 'IndexElem')?.['expr'])
    this.#scan(fields['whereClause'])
  }

  #tableOf(fields: Node): number {
    return this.#table(nodeAt(fields, 'relation') ?? {})
  }

  #table(fields: Node): number {
    const alias = nodeAt(fields, 'alias') ?? {}
    const name = textAt(fields, 'relname')
    const schema = textAt(fields, 'schemaname')
    return this.#range({
      kind: 'table',
      name,
      ...(schema === '' ? {} : { schema }),
      as: textAt(alias, 'aliasname') || name,
      columns: names(listAt(alias, 'colnames')),
    })
  }

  #pseudo(aliases: readonly string[], of: number): void {
    for (const as of aliases) this.#range({ kind: 'of', ranges: [of], merged: false, as, columns: [] })
  }

  #range(range: Range): number {
    return this.#ranges.push(range) - 1
  }

  /** Everything of which no more is known than that it stands somewhere: columns in it are used, queries in it are values. */
  #scan(value: unknown): void {
    if (Array.isArray(value)) {
      for (const item of value) this.#scan(item)
      return
    }
    if (!isNode(value)) return
    if (typeof value['relname'] === 'string') this.#table(value)
    for (const [key, below] of Object.entries(value)) {
      if (typeof below !== 'object' || below === null) continue
      this.#below(key, below as Node)
    }
  }

  #below(key: string, below: Node): void {
    switch (key) {
      case 'ColumnRef':
        this.#uses.push(pathOf(below))
        return
      case 'SubLink':
        this.#scan(below['testexpr'])
        this.statement(
          nodeAt(below, 'subselect'),
          textAt(below, 'subLinkType') === 'EXISTS_SUBLINK' ? 'exists' : 'value',
        )
        return
      case 'SelectStmt':
      case 'InsertStmt':
      case 'UpdateStmt':
      case 'DeleteStmt':
      case 'MergeStmt':
        this.statement({ [key]: below }, 'value')
        return
      case 'JoinExpr':
      case 'RangeSubselect':
      case 'RangeFunction':
        this.#fromItem({ [key]: below })
        return
      case 'IndexElem':
        this.#compared.push(textAt(below, 'name'))
        this.#scan(below['expr'])
        return
      case 'FuncCall':
      case 'funccall':
        this.#calls.push(names(listAt(below, 'funcname')).at(-1) ?? '')
        this.#scan(below)
        return
      default:
        this.#scan(below)
    }
  }
}

function pathOf(column: Node): Use {
  const fields = listAt(column, 'fields')
  const star = fields.some(field => 'A_Star' in field)
  return { path: names(star ? fields.slice(0, -1) : fields), star }
}

/** Names of the functions of one item of FROM: `ROWS FROM (f(), g())` has several. */
function functionPaths(functions: unknown): (readonly string[])[] {
  return (Array.isArray(functions) ? functions.filter(isNode) : []).map(item => {
    const call = nodeAt(listAt(nodeAt(item, 'List') ?? {}, 'items')[0] ?? {}, 'FuncCall')
    return call ? names(listAt(call, 'funcname')) : ['pg_catalog', 'sql_value']
  })
}
