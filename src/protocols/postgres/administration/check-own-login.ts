import type { CheckLine } from '../../../target/protocol.ts'
import { must, should, type Ask } from './check-line.ts'
import { identifier } from './quote.ts'

/** What the configured login may do, with the one line of SQL for what it lacks. */
export async function checkOwnLogin(ask: Ask, plan: string): Promise<CheckLine[]> {
  const [me] = await ask<{
    name: string
    num: number
    createrole: boolean
    super: boolean
    signal: boolean
    reserved: string
    admitted: boolean
    grants: string
  }>(
    `SELECT rolname AS name, current_setting('server_version_num')::int AS num, rolcreaterole AS createrole, rolsuper AS super,
            pg_has_role('pg_signal_backend', 'USAGE') AS signal,
            coalesce(current_setting('reserved_connections', true), '') AS reserved,
            EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'pg_use_reserved_connections'
                    AND pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')) AS admitted,
            coalesce(current_setting('createrole_self_grant', true), '') AS grants
     FROM pg_roles WHERE rolname = current_user`,
  )
  if (!me) return []
  const role = identifier(me.name)
  return [
    must(
      me.createrole || me.super,
      `the login ${me.name} can create roles`,
      `ALTER ROLE ${role} CREATEROLE;`,
    ),
    must(
      me.signal || me.super,
      `the login ${me.name} can end sessions (pg_signal_backend)`,
      `GRANT pg_signal_backend TO ${role};`,
    ),
    should(
      !me.super,
      `the login ${me.name} is ${me.super ? 'a superuser' : 'no superuser'}`,
      `ALTER ROLE ${role} NOSUPERUSER; what it needs is CREATEROLE and pg_signal_backend.`,
    ),
    ...(me.num < 160_000 ? before16(me.name) : since16(me, role, plan)),
  ]
}

function before16(name: string): CheckLine[] {
  return [
    {
      ok: true,
      level: 'info',
      what: `before PostgreSQL 16 CREATEROLE reaches every role but superusers: guard the password of ${name} like theirs`,
    },
    {
      ok: true,
      level: 'info',
      what: 'before PostgreSQL 16 no slots can be kept for emergencies: when max_connections is reached, only superusers get in',
    },
  ]
}

function since16(
  me: { name: string; reserved: string; admitted: boolean; grants: string },
  role: string,
  plan: string,
): CheckLine[] {
  return [
    should(
      me.grants === '',
      me.grants === ''
        ? `what ${me.name} creates gives it no rights`
        : `createrole_self_grant = ${me.grants} gives ${me.name} the rights of the logins it creates`,
      `ALTER ROLE ${role} SET createrole_self_grant = '';`,
    ),
    should(
      me.admitted,
      `emergency logins ${me.admitted ? 'may' : 'may not'} use reserved slots (pg_use_reserved_connections)`,
      `GRANT pg_use_reserved_connections TO ${role} WITH ADMIN TRUE, INHERIT TRUE, SET FALSE; ${plan}`,
    ),
    should(
      me.reserved !== '0',
      me.reserved === '0'
        ? 'no slots are kept for emergencies (reserved_connections = 0)'
        : `${me.reserved} slots are kept for emergencies (reserved_connections)`,
      'Set reserved_connections = 5 and restart: when max_connections is reached, these let emergency logins in.',
    ),
  ]
}
