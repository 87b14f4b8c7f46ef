import { ControlLink } from './control-link.ts'
import { identifier } from './quote.ts'
import type { Address, PostgresSettings } from './settings.ts'

/**
 * Gives what a login owns in one database to its scope and takes back what it was granted there, so that it can be dropped.
 * Logins run as their scope's role and own nothing, unless somebody left that role. Whoever reassigns must have the rights of
 * both roles: we take them for this one transaction only.
 */
export async function handOver(
  login: string,
  settings: PostgresSettings,
  database: string,
  at: Address = settings,
): Promise<void> {
  const link = new ControlLink(settings, at, database)
  try {
    const [found] = await link.query<{ scope: string | null; member: boolean; num: number }>(
      `SELECT s.name AS scope, current_setting('server_version_num')::int AS num,
              EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles u ON u.oid = m.member
                      WHERE m.roleid = s.oid AND u.rolname = current_user) AS member
       FROM (SELECT 1) one LEFT JOIN LATERAL (
         SELECT r.oid, r.rolname::text AS name FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
         JOIN pg_roles l ON l.oid = m.member WHERE l.rolname = $1 AND r.rolname !~ '^pg_' ORDER BY r.rolname LIMIT 1) s ON true`,
      [login],
    )
    if (!found) return
    const role = identifier(login)
    const scope = found.scope === null ? undefined : identifier(found.scope)
    await link.query(
      [
        ...borrow(role, found.num),
        ...(scope === undefined ? [] : borrow(scope, found.num)),
        `REASSIGN OWNED BY ${role} TO ${scope ?? 'CURRENT_USER'}`,
        `DROP OWNED BY ${role}`,
        ...giveBack(role, found.num, false),
        ...(scope === undefined ? [] : giveBack(scope, found.num, found.member)),
      ].join('; '),
    )
  } finally {
    await link.release()
  }
}

/** From 16 on ADMIN OPTION alone gives no rights of the role; what we grant ourselves stands beside what the owner granted us. */
const SEPARATE_GRANTS = 160_000

function borrow(role: string, version: number): string[] {
  return [
    version < SEPARATE_GRANTS
      ? `GRANT ${role} TO CURRENT_USER`
      : `GRANT ${role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`,
  ]
}

function giveBack(role: string, version: number, wasMember: boolean): string[] {
  if (version >= SEPARATE_GRANTS) return [`REVOKE ${role} FROM CURRENT_USER GRANTED BY CURRENT_USER`]
  return wasMember ? [] : [`REVOKE ${role} FROM CURRENT_USER`]
}
