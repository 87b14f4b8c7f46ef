import { constantText, isNode, listAt, names, nodeAt, textAt, unwrap, walk, type Node } from './tree.ts'

/**
 * Whether a condition narrows the rows it applies to, as far as its text tells. It does not when it names no column (then it
 * holds for all rows or for none: `true`, `1=1`, `$1`, `EXISTS (SELECT 1)`), or when it holds for every row that is not null:
 * a column compared with itself, `LIKE '%'`, a condition OR its opposite. AND narrows when one side does, OR when all do, NOT by
 * de Morgan. `alone`: no second relation is in sight, so `id` and `t.id` are the same column.
 */
export function narrows(condition: Node | undefined, alone: boolean): boolean {
  return condition !== undefined && narrowing(condition, false, alone)
}

function narrowing(node: Node, negated: boolean, alone: boolean): boolean {
  const wrapped = unwrap(node)
  if (!wrapped) return namesColumn(node)
  const { type, fields } = wrapped
  switch (type) {
    case 'BoolExpr':
      return logic(fields, negated, alone)
    case 'TypeCast':
    case 'CollateClause':
      return inner(fields, negated, alone)
    case 'BooleanTest':
      return truthTest(fields, negated, alone)
    case 'A_Expr':
      if (!namesColumn(node)) return false
      return reflexive(fields, alone) !== (negated ? 'never' : 'always')
    default:
      return namesColumn(node)
  }
}

function inner(fields: Node, negated: boolean, alone: boolean): boolean {
  const arg = nodeAt(fields, 'arg')
  return arg !== undefined && narrowing(arg, negated, alone)
}

function logic(fields: Node, negated: boolean, alone: boolean): boolean {
  const args = listAt(fields, 'args')
  const op = textAt(fields, 'boolop')
  if (op === 'NOT_EXPR') return args.every(arg => narrowing(arg, !negated, alone))
  if ((op === 'AND_EXPR') !== negated) return args.some(arg => narrowing(arg, negated, alone))
  return args.every(arg => narrowing(arg, negated, alone)) && !hasOpposites(args, alone)
}

/** `x IS TRUE`, `x IS NOT FALSE` and their opposites; IS [NOT] UNKNOWN says nothing about the condition inside. */
function truthTest(fields: Node, negated: boolean, alone: boolean): boolean {
  const test = textAt(fields, 'booltesttype')
  if (test === 'IS_TRUE' || test === 'IS_NOT_FALSE') return inner(fields, negated, alone)
  if (test === 'IS_FALSE' || test === 'IS_NOT_TRUE') return inner(fields, !negated, alone)
  return namesColumn(fields)
}

function namesColumn(node: Node): boolean {
  let found = false
  walk(node, (below, key) => {
    if (key === 'ColumnRef' || key === 'CurrentOfExpr') found = true
    return !found
  })
  return found
}

const ALWAYS = new Set(['=', '<=', '>='])
const NEVER = new Set(['<>', '<', '>'])
const MATCHES_ALL: Readonly<Record<string, RegExp>> = {
  '~~': /^%+$/,
  '~~*': /^%+$/,
  '~': /^\^?(\.\*)?\$?$/,
  '~*': /^\^?(\.\*)?\$?$/,
}

/** What a comparison is for every row without nulls; undefined when it depends on the row. */
function reflexive(fields: Node, alone: boolean): 'always' | 'never' | undefined {
  const kind = textAt(fields, 'kind')
  const op = names(listAt(fields, 'name')).at(-1) ?? ''
  const left = nodeAt(fields, 'lexpr')
  const right = nodeAt(fields, 'rexpr')
  if (!left || !right) return undefined
  const pattern = MATCHES_ALL[op]
  if (pattern?.test(constantText(right) ?? 'none')) return 'always'
  const same = identity(left, alone)
  const items = listAt(
    nodeAt(right, 'List') ?? nodeAt(right, 'A_ArrayExpr') ?? {},
    nodeAt(right, 'List') ? 'items' : 'elements',
  )
  const among = items.some(item => identity(item, alone) === same)
  switch (kind) {
    case 'AEXPR_OP':
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      if (identity(right, alone) !== same) return undefined
      if (kind === 'AEXPR_NOT_DISTINCT') return 'always'
      if (kind === 'AEXPR_DISTINCT') return 'never'
      return ALWAYS.has(op) ? 'always' : NEVER.has(op) ? 'never' : undefined
    case 'AEXPR_IN':
    case 'AEXPR_OP_ANY':
      return among && op === '=' ? 'always' : undefined
    case 'AEXPR_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
      return items.length === 2 && items.every(item => identity(item, alone) === same) ? 'always' : undefined
    default:
      return undefined
  }
}

const OPPOSITE: Readonly<Record<string, string>> = {
  '=': '<>',
  '<>': '=',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
}

/** `x = 1 OR x <> 1`, `x IS NULL OR x IS NOT NULL`, `a OR NOT a`: two of the sides cover every row. */
function hasOpposites(args: readonly Node[], alone: boolean): boolean {
  const seen = new Set(args.map(arg => identity(arg, alone)))
  return args.some(arg => {
    const opposite = oppositeOf(arg)
    return opposite !== undefined && seen.has(identity(opposite, alone))
  })
}

function oppositeOf(node: Node): Node | undefined {
  const wrapped = unwrap(node)
  if (!wrapped) return undefined
  const { type, fields } = wrapped
  if (type === 'NullTest') {
    return {
      NullTest: { ...fields, nulltesttype: fields['nulltesttype'] === 'IS_NULL' ? 'IS_NOT_NULL' : 'IS_NULL' },
    }
  }
  if (type === 'BoolExpr' && fields['boolop'] === 'NOT_EXPR') return listAt(fields, 'args')[0]
  const op =
    type === 'A_Expr' && fields['kind'] === 'AEXPR_OP' ? names(listAt(fields, 'name')).at(-1) : undefined
  const other = op === undefined ? undefined : OPPOSITE[op]
  if (other === undefined) return undefined
  return { A_Expr: { ...fields, name: [{ String: { sval: other } }] } }
}

/** Equal texts mean the same expression: positions are left out, and with one relation in sight so are qualifiers. */
function identity(node: Node, alone: boolean): string {
  return JSON.stringify(node, (key, value: unknown) => {
    if (key === 'location' || key === 'rexpr_list_start' || key === 'rexpr_list_end') return undefined
    if (alone && key === 'ColumnRef' && isNode(value)) return { fields: listAt(value, 'fields').slice(-1) }
    return value
  })
}
