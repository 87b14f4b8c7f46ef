import { Fault } from '../../../kernel/faults.ts'
import type { Target } from '../../../kernel/target.ts'
import type { DormantLogin, DormantLogins } from '../../../target/dormant.ts'
import type { Controls } from './control.ts'
import { freshVerifier } from './fresh-verifier.ts'
import { identifier, literal } from './quote.ts'
import { roleName } from './scope-role.ts'
import { readSettings } from './settings.ts'

/** The comment on a dormant login; `logins` must not take one for the login of a grant. */
export function dormantComment(target: Target): string {
  return `breakglass dormant login of ${target.name}`
}

/** Per scope as many as `dormant` says, by names that carry target, scope and number. */
export function dormantOf(target: Target): readonly DormantLogin[] {
  const { dormant } = readSettings(target)
  return Object.keys(target.scopes).flatMap(scope =>
    Array.from({ length: dormant }, (_, at) => ({
      name: roleName(`bg_dormant_${target.name}.${scope}.${at + 1}`),
      scope,
    })),
  )
}

export function dormantLogins(controls: Controls): DormantLogins {
  return {
    of: dormantOf,
    async ready(target) {
      const control = controls.of(target)
      const writer = await control.writer()
      const [there] = await writer.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')
      if (there?.standby)
        throw new Fault('target.unreachable', `${target.name} has no server that takes writes`, {
          next: `Run \`breakglass target check ${target.name}\`.`,
        })
      await control.arrived(writer)
    },
    async arm(target, login, validMs) {
      const control = controls.of(target)
      const writer = await control.writer()
      const [found] = await writer.query<{ until: string }>(
        "SELECT (now() + $1::float8 * interval '1 millisecond')::text AS until",
        [validMs],
      )
      const verifier = literal(await freshVerifier(login.secret))
      await writer.query(
        `ALTER ROLE ${identifier(login.name)} PASSWORD ${verifier} VALID UNTIL ${literal(found?.until ?? '')}`,
      )
      await control.arrived(writer).catch((cause: unknown) => {
        // The secret did change at the writer, whatever the standby says.
        throw new Fault('target.unreachable', `${login.name} has a new secret that did not arrive`, { cause })
      })
      await control.rest()
    },
  }
}
