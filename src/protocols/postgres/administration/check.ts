import type { Client } from 'pg'
import type { Target } from '../../../kernel/target.ts'
import type { CheckLine } from '../../../target/protocol.ts'
import type { Ask } from './check-line.ts'
import { checkDormant } from './check-dormant.ts'
import { checkOwnLogin } from './check-own-login.ts'
import { checkPrivileges, relationsIn, type Relation } from './check-privileges.ts'
import { checkPublic } from './check-public.ts'
import { checkAdministration, checkScope } from './check-scope.ts'
import { checkServer } from './check-server.ts'
import { checkStandby } from './check-standby.ts'
import { controlClient } from './control-link.ts'
import { rehearse } from './rehearse.ts'
import { scopeRole } from './scope-role.ts'
import { readSettings, type Address, type PostgresSettings } from './settings.ts'

/**
 * Whether the target is ready for emergencies: reachable, the login can do what it must and no more, each scope has exactly
 * its privileges in each database, and what everybody gets besides. Connects by itself and changes nothing. Never throws.
 */
export async function checkTarget(target: Target): Promise<readonly CheckLine[]> {
  const open: Client[] = []
  const lines: CheckLine[] = []
  let settings: PostgresSettings
  try {
    settings = readSettings(target)
    settings.password()
    settings.authority()
  } catch (cause) {
    const next = 'Correct the configuration of the target.'
    return [{ ok: false, level: 'must', what: (cause as Error).message, next }]
  }
  const connect = async (at: Address, database: string): Promise<Ask> => {
    const client = controlClient(settings, at, database)
    open.push(client)
    return asked(client)
  }
  try {
    const here = await connect(settings, settings.databases[0])
    const asks = new Map<string, Ask>([[settings.databases[0], here]])
    lines.push(...(await checkServer(here, settings)))
    for (const database of settings.databases.slice(1)) {
      try {
        asks.set(database, await connect(settings, database))
      } catch (cause) {
        lines.push(noDatabase(database, cause))
      }
    }
    const standby = await checkStandby(here, settings, at => connect(at, settings.databases[0]))
    lines.push(
      ...standby.lines,
      ...(await checkRoles(here, standby.writer, target)),
      ...(await checkDormant(here, target, planOf(target))),
      ...(await checkDatabases(asks, target)),
    )
  } catch (cause) {
    const what = `${target.address} could not be checked: ${(cause as Error).message}`
    const next = 'Check address, login, password and tls of the target.'
    lines.push({ ok: false, level: 'must', what, next })
  } finally {
    await Promise.all(open.map(client => client.end().catch(() => undefined)))
  }
  return lines
}

async function asked(client: Client): Promise<Ask> {
  client.on('error', () => undefined)
  await client.connect()
  return async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
    (await client.query<Row & Record<string, unknown>>(sql, [...values])).rows
}

/** What holds for the whole server: `here` is read, `writer` is where logins are made, if anywhere. */
async function checkRoles(here: Ask, writer: Ask | undefined, target: Target): Promise<CheckLine[]> {
  const plan = planOf(target)
  const lines = await checkOwnLogin(here, plan)
  for (const [name, scope] of Object.entries(target.scopes)) {
    lines.push(...(await checkScope(here, target, name, scope, plan)))
    const { lines: administration, administers } = await checkAdministration(here, target, name)
    lines.push(...administration)
    if (administers && writer) lines.push(await rehearse(writer, name, scopeRole(target, name), plan))
  }
  return lines
}

async function checkDatabases(asks: ReadonlyMap<string, Ask>, target: Target): Promise<CheckLine[]> {
  const { databases } = readSettings(target)
  const lines: CheckLine[] = []
  for (const [name, scope] of Object.entries(target.scopes)) {
    if (scope.as !== undefined) continue
    const relations: Relation[] = []
    let known = true
    for (const [database, ask] of asks) {
      const found = await relationsIn(ask, database, scopeRole(target, name))
      if (found) relations.push(...found)
      else known = false
    }
    if (known) lines.push(...checkPrivileges(target, name, scope, relations, planOf(target)))
  }
  for (const [database, ask] of asks) {
    const everybody = await checkPublic(ask, databases)
    const at = databases.length > 1 ? `in ${database} ` : ''
    lines.push(...everybody.map(line => ({ ...line, what: `${at}${line.what}` })))
  }
  return lines
}

function noDatabase(database: string, cause: unknown): CheckLine {
  return {
    ok: false,
    level: 'must',
    what: `no connection to the database ${database}: ${(cause as Error).message}`,
    next: `Create it, or take it out of \`databases\`.`,
  }
}

function planOf(target: Target): string {
  return `Let the target's owner run \`breakglass target plan ${target.name}\`.`
}
