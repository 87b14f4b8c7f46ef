import { isCatalogName } from './catalogs.ts'
import type { Found } from './facts.ts'
import { listAt, locationOf, nodeAt, textAt, type Node } from './tree.ts'
import { narrows } from './where.ts'

/** What there is to object to in a statement that changes rows: where it writes, and how many rows it may reach. */
export function writeFinding(type: string, fields: Node): Found | undefined {
  const relations =
    type === 'TruncateStmt'
      ? listAt(fields, 'relations').map(relation => nodeAt(relation, 'RangeVar'))
      : [nodeAt(fields, 'relation')]
  if (relations.some(relation => relation && isCatalog(relation))) {
    return { rule: 'system_catalogs', what: 'writes to a system catalog or to pg_settings' }
  }
  return reach(type, fields)
}

function reach(type: string, fields: Node): Found | undefined {
  switch (type) {
    case 'UpdateStmt':
      return conditionFinding('update', fields, listAt(fields, 'fromClause').length === 0)
    case 'DeleteStmt':
      return conditionFinding('delete', fields, listAt(fields, 'usingClause').length === 0)
    case 'MergeStmt':
      return mergeFinding(fields)
    default:
      return undefined
  }
}

function conditionFinding(verb: string, fields: Node, alone: boolean): Found | undefined {
  const where = nodeAt(fields, 'whereClause')
  if (!where) return { rule: 'write_without_where', what: `${verb} without WHERE` }
  if (narrows(where, alone)) return undefined
  const at = locationOf(where)
  return {
    rule: 'write_without_where',
    what: `${verb} with a WHERE that does not narrow the rows`,
    ...(at !== undefined && { at }),
  }
}

/**
 * A WHEN clause that updates or deletes must be narrowed by its own condition or by the join. Rows not matched by the source are
 * those the join did not narrow to, so there the join does not count.
 */
function mergeFinding(fields: Node): Found | undefined {
  const joined = narrows(nodeAt(fields, 'joinCondition'), false)
  const wide = listAt(fields, 'mergeWhenClauses')
    .map(clause => nodeAt(clause, 'MergeWhenClause') ?? {})
    .find(clause => {
      if (!['CMD_UPDATE', 'CMD_DELETE'].includes(textAt(clause, 'commandType'))) return false
      const byJoin = joined && textAt(clause, 'matchKind') === 'MERGE_WHEN_MATCHED'
      return !byJoin && !narrows(nodeAt(clause, 'condition'), false)
    })
  if (!wide) return undefined
  const verb = textAt(wide, 'commandType').replace('CMD_', '').toLowerCase()
  return { rule: 'write_without_where', what: `merge that may ${verb} every row` }
}

/** pg_settings is a view whose UPDATE is set_config; unqualified names resolve to pg_catalog first. */
function isCatalog(relation: Node): boolean {
  const schema = textAt(relation, 'schemaname')
  if (schema === '') return isCatalogName(textAt(relation, 'relname'))
  return ['pg_catalog', 'information_schema', 'pg_toast'].includes(schema)
}
