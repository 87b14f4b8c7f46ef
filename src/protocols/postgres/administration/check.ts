import type { Client } from 'pg'
import type { Scope, Target } from '../../../kernel/target.ts'
import type { CheckLine } from '../../../target/protocol.ts'
import { controlClient } from './control.ts'
import { must, should, type Ask } from './check-line.ts'
import { checkPublic } from './check-public.ts'
import { checkPrivileges } from './check-privileges.ts'
import { identifier } from './quote.ts'
import { scopeRole } from './scope-role.ts'
import { readSettings } from './settings.ts'

const OLDEST = 150_000

/**
 * Whether the target is ready for emergencies: reachable, the login can do what it must and no more, each scope has exactly
 * its privileges, and what everybody gets besides. Connects by itself and changes nothing. Never throws.
 */
export async function checkTarget(target: Target): Promise<readonly CheckLine[]> {
  const plan = `Let the target's owner run \`breakglass target plan ${target.name}\`.`
  let client: Client
  try {
    client = controlClient(target)
  } catch (cause) {
    return [
      {
        ok: false,
        level: 'must',
        what: (cause as Error).message,
        next: 'Correct the configuration of the target.',
      },
    ]
  }
  client.on('error', () => undefined)
  const lines: CheckLine[] = []
  try {
    await client.connect()
    const ask: Ask = async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
      (await client.query<Row & Record<string, unknown>>(sql, [...values])).rows
    lines.push(...(await checkServer(ask, target)), ...(await checkOwnLogin(ask, plan)))
    for (const [name, scope] of Object.entries(target.scopes)) {
      lines.push(...(await checkScope(ask, client, target, name, scope, plan)))
    }
    lines.push(...(await checkPublic(ask)))
  } catch (cause) {
    const what = `${target.address} could not be checked: ${(cause as Error).message}`
    lines.push({
      ok: false,
      level: 'must',
      what,
      next: 'Check address, login, password and tls of the target.',
    })
  } finally {
    await client.end().catch(() => undefined)
  }
  return lines
}

async function checkServer(ask: Ask, target: Target): Promise<CheckLine[]> {
  const [server] = await ask<{
    num: string
    version: string
    encoding: string
    std: string
    prepared: string
    tls: boolean
  }>(
    `SELECT current_setting('server_version_num') AS num, current_setting('server_version') AS version,
            current_setting('server_encoding') AS encoding, current_setting('standard_conforming_strings') AS std,
            current_setting('max_prepared_transactions') AS prepared,
            coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS tls`,
  )
  if (!server) return []
  const [waiting] = await ask<{ count: number }>('SELECT count(*)::int AS count FROM pg_prepared_xacts')
  const settings = readSettings(target)
  const off = server.prepared === '0'
  return [
    must(
      Number(server.num) >= OLDEST,
      `PostgreSQL ${server.version}`,
      'Versions before 15 are not supported.',
    ),
    {
      ok: server.tls || settings.tls === 'disable',
      level: 'must',
      what: server.tls ? `connected with TLS (${settings.tls})` : 'connected without TLS, as configured',
    },
    must(
      server.encoding === 'UTF8' || server.encoding === 'SQL_ASCII',
      `server encoding ${server.encoding}`,
      'Statements are judged as UTF-8.',
    ),
    must(
      server.std === 'on',
      `standard_conforming_strings = ${server.std}`,
      'Set it to on: otherwise a statement could be read in two ways.',
    ),
    should(
      off,
      off
        ? 'two-phase commit is off'
        : `two-phase commit is possible (max_prepared_transactions = ${server.prepared})`,
      'Set max_prepared_transactions = 0: a prepared transaction outlives its session.',
    ),
    should(
      waiting?.count === 0,
      `${waiting?.count ?? 0} prepared transactions are waiting`,
      'Commit or roll them back.',
    ),
  ]
}

async function checkOwnLogin(ask: Ask, plan: string): Promise<CheckLine[]> {
  const [me] = await ask<{ name: string; createrole: boolean; super: boolean; signal: boolean }>(
    `SELECT rolname AS name, rolcreaterole AS createrole, rolsuper AS super,
            pg_has_role('pg_signal_backend', 'USAGE') AS signal FROM pg_roles WHERE rolname = current_user`,
  )
  if (!me) return []
  return [
    must(me.createrole || me.super, `the login ${me.name} can create roles`, plan),
    must(me.signal || me.super, `the login ${me.name} can end sessions (pg_signal_backend)`, plan),
    should(
      !me.super,
      `the login ${me.name} is ${me.super ? 'a superuser' : 'no superuser'}`,
      'Use a login with CREATEROLE and pg_signal_backend only.',
    ),
  ]
}

async function checkScope(
  ask: Ask,
  client: Client,
  target: Target,
  name: string,
  scope: Scope,
  plan: string,
): Promise<CheckLine[]> {
  const role = scopeRole(target, name)
  const [found] = await ask<
    Record<'super' | 'bypass' | 'createrole' | 'createdb' | 'replication' | 'login', boolean>
  >(
    `SELECT rolsuper AS super, rolbypassrls AS bypass, rolcreaterole AS createrole, rolcreatedb AS createdb,
            rolreplication AS replication, rolcanlogin AS login FROM pg_roles WHERE rolname = $1`,
    [role],
  )
  if (!found) return [must(false, `scope ${name}: the role ${role} does not exist`, plan)]
  const strong = (['super', 'bypass', 'createrole', 'createdb', 'replication'] as const).filter(
    one => found[one],
  )
  const roles = await ask<{ name: string }>(
    `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'pg\\_%' AND pg_has_role($1, oid, 'MEMBER') ORDER BY 1`,
    [role],
  )
  return [
    must(
      strong.length === 0,
      `scope ${name}: ${role} ${strong.length === 0 ? 'has no attribute of an administrator' : `has ${strong.join(', ')}`}`,
      'A scope role is never superuser, bypasses no row security and creates no roles.',
    ),
    should(
      !found.login,
      `scope ${name}: ${role} ${found.login ? 'can' : 'cannot'} log in by itself`,
      `Run ALTER ROLE ${identifier(role)} NOLOGIN.`,
    ),
    must(
      roles.length === 0,
      `scope ${name}: ${role} is ${roles.length === 0 ? 'in no predefined role' : `in ${roles.map(one => one.name).join(', ')}`}`,
      'Predefined roles reach files, programs and other sessions: revoke them.',
    ),
    await rehearse(client, name, role, plan),
    ...(scope.as === undefined ? await checkPrivileges(ask, target, name, scope, role, plan) : []),
  ]
}

/** Creates a login in the scope and takes it back: the one proof that an emergency would work. */
async function rehearse(client: Client, name: string, role: string, plan: string): Promise<CheckLine> {
  const what = `scope ${name}: logins can be created in ${role}`
  try {
    await client.query('BEGIN')
    await client.query(`CREATE ROLE bg_rehearsal LOGIN IN ROLE ${identifier(role)}`)
    await client.query(`ALTER ROLE bg_rehearsal SET role = ${identifier(role)}`)
    return must(true, what, plan)
  } catch (cause) {
    return must(false, `${what}: ${(cause as Error).message}`, plan)
  } finally {
    await client.query('ROLLBACK').catch(() => undefined)
  }
}
