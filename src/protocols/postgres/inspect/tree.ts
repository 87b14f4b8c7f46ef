/** A node of the parser's JSON. A polymorphic field holds `{ TypeName: fields }`; fields at their default are absent. */
export type Node = Readonly<Record<string, unknown>>

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function nodeAt(node: Node, key: string): Node | undefined {
  const value = node[key]
  return isNode(value) ? value : undefined
}

export function listAt(node: Node, key: string): readonly Node[] {
  const value = node[key]
  return Array.isArray(value) ? value.filter(isNode) : []
}

/** A text field; absent means empty. */
export function textAt(node: Node, key: string): string {
  const value = node[key]
  return typeof value === 'string' ? value : ''
}

/** `{ SelectStmt: {…} }` → its type and fields; undefined for anything that is not one wrapped node. */
export function unwrap(node: Node): { readonly type: string; readonly fields: Node } | undefined {
  const types = Object.keys(node)
  const type = types[0]
  if (types.length !== 1 || type === undefined || !/^[A-Z]/.test(type)) return undefined
  const fields = node[type]
  return isNode(fields) ? { type, fields } : undefined
}

/** Wrapped `String` nodes of a list as text: the parts of a qualified name. */
export function names(list: readonly Node[]): readonly string[] {
  return list.map(part => textAt(nodeAt(part, 'String') ?? {}, 'sval'))
}

/**
 * The constant as text (`on`, `1`, `x`), with booleans as `true` and `false`; undefined for anything else, NULL and casts to
 * other types than text included.
 */
export function constantText(node: Node | undefined): string | undefined {
  const wrapped = node && unwrap(node)
  if (!wrapped) return undefined
  const { type, fields } = wrapped
  if (type === 'TypeCast') return isText(fields) ? constantText(nodeAt(fields, 'arg')) : undefined
  if (type === 'String') return textAt(fields, 'sval')
  if (type === 'Integer') return number(fields)
  if (type === 'Float') return textAt(fields, 'fval')
  if (type === 'Boolean') return fields['boolval'] === true ? 'true' : 'false'
  if (type !== 'A_Const' || fields['isnull'] === true) return undefined
  const text = nodeAt(fields, 'sval')
  if (text) return textAt(text, 'sval')
  const int = nodeAt(fields, 'ival')
  if (int) return number(int)
  const float = nodeAt(fields, 'fval')
  if (float) return textAt(float, 'fval')
  const bool = nodeAt(fields, 'boolval')
  return bool && (bool['boolval'] === true ? 'true' : 'false')
}

/** A cast to text leaves a constant as it is; others need not: `'rolex'::char(4)` is `role`. */
function isText(cast: Node): boolean {
  const path = names(listAt(nodeAt(cast, 'typeName') ?? {}, 'names'))
  return path.at(-1) === 'text' && (path.length === 1 || path[0] === 'pg_catalog')
}

function number(fields: Node): string {
  return typeof fields['ival'] === 'number' ? String(fields['ival']) : '0'
}

/** Visits every node below (and including) `node`, outermost first; `visit` answers false to stay out of what lies below. */
export function walk(node: unknown, visit: (node: Node, key: string) => boolean, key = ''): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit, key)
    return
  }
  if (!isNode(node) || !visit(node, key)) return
  for (const [below, value] of Object.entries(node)) if (typeof value === 'object') walk(value, visit, below)
}

/** The leftmost place within a node, in bytes of the text; undefined when nothing in it has one. */
export function locationOf(node: Node | undefined): number | undefined {
  let least: number | undefined
  walk(node, ({ location }) => {
    if (typeof location === 'number' && location >= 0 && (least === undefined || location < least))
      least = location
    return true
  })
  return least
}
