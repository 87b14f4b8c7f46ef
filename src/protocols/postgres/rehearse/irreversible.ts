import { functionEffect } from '../inspect/functions.ts'
import { listAt, names, nodeAt, textAt, walk, type Node } from '../inspect/tree.ts'

/** Large objects live in tables; their functions are undone with the transaction like any write. */
const OF_LARGE_OBJECTS = /^lo(_|write$)/

/**
 * What a transaction cannot hold, or what its ROLLBACK does not undo; undefined when it can and does. What is not seen here
 * (a procedure that commits) the target refuses inside a transaction by itself.
 */
export function irreversible(type: string, fields: Node): string | undefined {
  return statement(type, fields) ?? call(fields)
}

function statement(type: string, fields: Node): string | undefined {
  switch (type) {
    case 'VacuumStmt':
      return fields['is_vacuumcmd'] === true ? 'VACUUM' : undefined
    case 'ClusterStmt':
      return nodeAt(fields, 'relation') ? undefined : 'CLUSTER of all tables'
    case 'ReindexStmt':
      return reindex(fields)
    case 'IndexStmt':
      return fields['concurrent'] === true ? 'CREATE INDEX CONCURRENTLY' : undefined
    case 'DropStmt':
      return fields['concurrent'] === true ? 'DROP INDEX CONCURRENTLY' : undefined
    case 'AlterTableStmt':
      return detaches(fields) ? 'DETACH PARTITION CONCURRENTLY' : undefined
    case 'CreatedbStmt':
    case 'DropdbStmt':
    case 'AlterDatabaseStmt':
      return 'what creates, moves or drops a database'
    case 'CreateTableSpaceStmt':
    case 'DropTableSpaceStmt':
      return 'what creates or drops a tablespace'
    case 'CreateSubscriptionStmt':
    case 'AlterSubscriptionStmt':
    case 'DropSubscriptionStmt':
      return 'what changes a subscription'
    case 'AlterSystemStmt':
      return 'ALTER SYSTEM'
    default:
      return undefined
  }
}

function reindex(fields: Node): string | undefined {
  if (/DATABASE|SYSTEM|SCHEMA/.test(textAt(fields, 'kind'))) return 'REINDEX of more than one table'
  const concurrently = listAt(fields, 'params').some(
    param => textAt(nodeAt(param, 'DefElem') ?? {}, 'defname') === 'concurrently',
  )
  return concurrently ? 'REINDEX CONCURRENTLY' : undefined
}

function detaches(fields: Node): boolean {
  return listAt(fields, 'cmds').some(cmd => {
    const partition = nodeAt(nodeAt(nodeAt(cmd, 'AlterTableCmd') ?? {}, 'def') ?? {}, 'PartitionCmd')
    return partition?.['concurrent'] === true
  })
}

function call(fields: Node): string | undefined {
  let found: string | undefined
  walk(fields, (node, key) => {
    if (key !== 'FuncCall' && key !== 'funccall') return found === undefined
    const path = names(listAt(node, 'funcname'))
    const effect = functionEffect(path)
    const name = path.at(-1) ?? ''
    if (effect?.writes && effect.rule === 'side_effect_functions' && !OF_LARGE_OBJECTS.test(name))
      found = `${name}()`
    return found === undefined
  })
  return found
}
