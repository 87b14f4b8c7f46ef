import type { Scope, Target } from '../../../kernel/target.ts'
import type { CheckLine } from '../../../target/protocol.ts'
import { must, should, type Ask } from './check-line.ts'
import { administerLine } from './plan.ts'
import { identifier } from './quote.ts'
import { scopeRole } from './scope-role.ts'
import { readSettings } from './settings.ts'

/** The role of a scope as such: that it exists, is no administrator, and may enter the databases. */
export async function checkScope(
  ask: Ask,
  target: Target,
  name: string,
  scope: Scope,
  plan: string,
): Promise<CheckLine[]> {
  const role = scopeRole(target, name)
  const { databases } = readSettings(target)
  const [found] = await ask<
    Record<'super' | 'bypass' | 'createrole' | 'createdb' | 'replication' | 'login', boolean>
  >(
    `SELECT rolsuper AS super, rolbypassrls AS bypass, rolcreaterole AS createrole, rolcreatedb AS createdb,
            rolreplication AS replication, rolcanlogin AS login FROM pg_roles WHERE rolname = $1`,
    [role],
  )
  if (!found) {
    const next = scope.as === undefined ? plan : `Create the role ${role}, or correct \`as\`.`
    return [must(false, `scope ${name}: the role ${role} does not exist`, next)]
  }
  const strong = (['super', 'bypass', 'createrole', 'createdb', 'replication'] as const).filter(
    one => found[one],
  )
  const roles = await ask<{ name: string }>(
    `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'pg\\_%' AND pg_has_role($1, oid, 'MEMBER') ORDER BY 1`,
    [role],
  )
  const closed = await ask<{ name: string }>(
    `SELECT datname AS name FROM pg_database
     WHERE datname = ANY ($2) AND NOT has_database_privilege($1, oid, 'CONNECT') ORDER BY 1`,
    [role, databases],
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
      `ALTER ROLE ${identifier(role)} NOLOGIN;`,
    ),
    must(
      roles.length === 0,
      `scope ${name}: ${role} is ${roles.length === 0 ? 'in no predefined role' : `in ${roles.map(one => one.name).join(', ')}`}`,
      'Predefined roles reach files, programs and other sessions: revoke them.',
    ),
    ...closed.map(database =>
      must(
        false,
        `scope ${name}: ${role} may not connect to ${database.name}`,
        `GRANT CONNECT ON DATABASE ${identifier(database.name)} TO ${identifier(role)};`,
      ),
    ),
  ]
}

/**
 * Whether the configured login can put logins into the scope's role, and on 16 and later whether it holds the role to hand it on
 * and no more.
 */
export async function checkAdministration(
  ask: Ask,
  target: Target,
  name: string,
): Promise<{ lines: readonly CheckLine[]; administers: boolean }> {
  const role = scopeRole(target, name)
  const [found] = await ask<{ me: string; num: number; super: boolean; admin: boolean; inherits: boolean }>(
    `SELECT current_user AS me, current_setting('server_version_num')::int AS num,
            (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS super,
            pg_has_role(oid, 'MEMBER WITH ADMIN OPTION') AS admin, pg_has_role(oid, 'USAGE') AS inherits
     FROM pg_roles WHERE rolname = $1`,
    [role],
  )
  if (!found) return { lines: [], administers: false }
  if (found.num < 160_000 || found.super) return { lines: [], administers: true }
  const line = administerLine(role, found.me)
  return {
    administers: found.admin,
    lines: [
      must(
        found.admin,
        `scope ${name}: ${found.me} ${found.admin ? 'may' : 'may not'} put logins into ${role} (ADMIN OPTION)`,
        line,
      ),
      ...(found.admin
        ? [
            should(
              !found.inherits,
              `scope ${name}: ${found.me} ${found.inherits ? 'has itself the rights' : 'has none of the rights'} of ${role}`,
              line,
            ),
          ]
        : []),
    ],
  }
}
