import type { CheckLine } from '../../../target/protocol.ts'
import { must, type Ask } from './check-line.ts'
import { identifier } from './quote.ts'

/** What an emergency does with a login, in its order (`provision`, `control`), as a statement and a name for it. */
const LIFE: readonly (readonly [what: string, sql: (login: string, scope: string) => string])[] = [
  ['created', (login, scope) => `CREATE ROLE ${login} LOGIN IN ROLE ${scope}`],
  [
    'given a password',
    login => `ALTER ROLE ${login} CONNECTION LIMIT 1 VALID UNTIL '2000-01-01' PASSWORD 'x'`,
  ],
  ['made to run as the scope', (login, scope) => `ALTER ROLE ${login} SET role = ${scope}`],
  ['marked', login => `COMMENT ON ROLE ${login} IS 'breakglass rehearsal'`],
  ['disabled', login => `ALTER ROLE ${login} NOLOGIN`],
  ['dropped', login => `DROP ROLE ${login}`],
]
const LOGIN = 'bg_rehearsal'

/** The whole life of a login in a scope, rolled back: the one proof that an emergency would work. `ask` has one connection. */
export async function rehearse(ask: Ask, name: string, role: string, plan: string): Promise<CheckLine> {
  const scope = identifier(role)
  let doing = ''
  try {
    await ask('BEGIN')
    for (const [what, sql] of LIFE) {
      doing = what
      await ask(sql(LOGIN, scope))
      if (what === 'created') await demandRole(ask, role)
    }
    return must(true, `scope ${name}: logins can be created in ${role}, ended and dropped`, plan)
  } catch (cause) {
    const said = (cause as Error).message
    return must(false, `scope ${name}: a login in ${role} cannot be ${doing}: ${said}`, plan)
  } finally {
    await ask('ROLLBACK').catch(() => undefined)
  }
}

/** The login must be able to become the scope's role: on 16 and later that is a right of its own. */
async function demandRole(ask: Ask, role: string): Promise<void> {
  const [found] = await ask<{ able: boolean }>(
    `SELECT pg_has_role('${LOGIN}'::name, oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) AS able
     FROM pg_roles WHERE rolname = $1`,
    [role],
  )
  if (!found?.able) throw new Error('it could not become the role (SET OPTION)')
}
