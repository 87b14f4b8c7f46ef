import { Fault } from '../../../kernel/faults.ts'
import { Passage } from '../../../target/passage.ts'
import { loginComment, type Controls } from './control.ts'
import { identifier, literal } from './quote.ts'
import { scopeRole } from './scope-role.ts'
import { freshVerifier } from './fresh-verifier.ts'
import { readSettings } from './settings.ts'

/** The target's own limit is later than ours: it stands in when we cannot act (DESIGN §3). */
const BEYOND_MS = 60_000

/**
 * Creates the login of a grant in its scope's role, or renews it: one transaction, so a login without our mark cannot be
 * left behind. The target gets a verifier, never the secret. `VALID UNTIL` counts from the target's own clock. It runs as the
 * scope's role from the start, so what it creates belongs to the scope.
 */
export async function provision(passage: Passage, controls: Controls): Promise<void> {
  if (!Passage.is(passage)) throw new Fault('internal', 'no login without a passage')
  const { login, target } = passage
  const control = controls.of(target)
  const link = await control.writer()
  const settings = readSettings(target)
  const scope = scopeRole(target, passage.scope)
  const [found] = await link.query<{ until: string; known: boolean; scoped: boolean; reserved: boolean }>(
    `SELECT (now() + $1::float8 * interval '1 millisecond')::text AS until,
            EXISTS (SELECT FROM pg_roles WHERE rolname = $2) AS known,
            EXISTS (SELECT FROM pg_roles WHERE rolname = $3) AS scoped,
            EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_use_reserved_connections'
                    AND pg_has_role(oid, 'MEMBER WITH ADMIN OPTION')) AS reserved`,
    [passage.remainingMs + BEYOND_MS, login.name, scope],
  )
  if (!found?.scoped) {
    throw new Fault('target.misconfigured', `the role ${scope} of scope ${passage.scope} is not installed`, {
      next: `Let the target's owner run \`breakglass target plan ${target.name}\`.`,
    })
  }
  const verifier = await freshVerifier(login.secret)
  const role = identifier(login.name)
  const attributes = `LOGIN CONNECTION LIMIT ${settings.connections} PASSWORD ${literal(verifier)} VALID UNTIL ${literal(found.until)}`
  control.reserve(login.name)
  await link.query(
    [
      found.known
        ? `ALTER ROLE ${role} ${attributes}`
        : `CREATE ROLE ${role} ${attributes} IN ROLE ${identifier(scope)}`,
      `ALTER ROLE ${role} SET role = ${literal(scope)}`,
      // From 16 on: it gets in when the slots of everybody else are taken, if the owner keeps some (`reserved_connections`).
      ...(found.reserved
        ? [`GRANT pg_use_reserved_connections TO ${role} WITH INHERIT TRUE, SET FALSE`]
        : []),
      `COMMENT ON ROLE ${role} IS ${literal(loginComment(passage.grant, target.name))}`,
    ].join('; '),
  )
  await control.arrived(link)
}
