import type { Target } from '../../../kernel/target.ts'
import type { CheckLine } from '../../../target/protocol.ts'
import { must, should, type Ask } from './check-line.ts'
import { dormantOf } from './dormant.ts'
import { identifier } from './quote.ts'
import { scopeRole } from './scope-role.ts'

interface Found {
  readonly login: boolean
  readonly member: boolean
  readonly until: string | null
  readonly over: boolean
}

/** Whether each dormant login is installed in its scope and has a secret of ours that still holds. */
export async function checkDormant(ask: Ask, target: Target, plan: string): Promise<CheckLine[]> {
  const lines: CheckLine[] = []
  for (const { name, scope } of dormantOf(target)) {
    const role = scopeRole(target, scope)
    const [found] = await ask<Found>(
      `SELECT l.rolcanlogin AS login, pg_has_role(l.oid, s.oid, 'MEMBER') AS member,
              to_char(l.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') AS until,
              coalesce(l.rolvaliduntil < now(), false) AS over
       FROM pg_roles l, pg_roles s WHERE l.rolname = $1 AND s.rolname = $2`,
      [name, role],
    )
    lines.push(lineOf(name, scope, found, role, plan))
  }
  return lines
}

function lineOf(
  name: string,
  scope: string,
  found: Found | undefined,
  role: string,
  plan: string,
): CheckLine {
  const what = `scope ${scope}: the dormant login ${name}`
  const login = identifier(name)
  if (!found) return must(false, `${what} is not installed`, plan)
  if (!found.login) return must(false, `${what} cannot log in`, `ALTER ROLE ${login} LOGIN;`)
  if (!found.member) return must(false, `${what} is not in ${role}`, `GRANT ${identifier(role)} TO ${login};`)
  if (found.until === null)
    return should(false, `${what} has no secret yet`, 'A running gateway gives it one within a minute.')
  const next = 'A running gateway renews it each week: see its log for why it could not.'
  return must(!found.over, `${what} waits, sealed, until ${found.until}`, next)
}
