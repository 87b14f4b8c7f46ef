import { randomBytes } from 'node:crypto'
import * as OTPAuth from 'otpauth'
import { join } from 'node:path'
import type { SignedIn } from '../client/answers.ts'
import { type Client, createClient } from '../client/client.ts'
import { writeProfile } from '../client/profile.ts'
import type { Clock } from '../kernel/clock.ts'
import type { RunningServer } from '../server/start-server.ts'

const AGENT = 'breakglass-sandbox'
const STEP_MS = 30_000

/** Somebody of acme with a password and an authenticator app that lives in this process. */
export interface Actor {
  readonly handle: string
  readonly password: string
  /** What their terminals have in the environment: the command line finds the last sign-in by it. */
  readonly terminal: { readonly XDG_STATE_HOME: string }
  /** Signs in from a terminal; the code that proves the factor is fresh by nature. */
  signIn(): Promise<Client>
}

/** Enrols by one-time link, as everybody does: a seed is shown, a first code confirms it. */
export async function enrol(
  server: RunningServer,
  clock: Clock,
  handle: string,
  name: string,
  groups: readonly string[],
  terminals: string,
): Promise<Actor> {
  const { identity } = server
  const known = identity.personOf(handle)
  const person = known ?? (await identity.addPerson({ handle, name, groups }))
  if (known) await identity.changePerson({ person: known, groups })
  const { link } = await identity.issueEnrolment({ person })
  const enrolment = new URL(link).hash.slice(1)
  const { secret } = identity.beginTotp({ enrolment })
  const totp = new OTPAuth.TOTP({ secret: OTPAuth.Secret.fromBase32(secret) })
  // Each code works once and the neighbours of the present one count: the one before confirms, the present one signs in.
  let last = Math.floor(clock.now().wall / STEP_MS) - 1
  const code = (step: number): string => totp.generate({ timestamp: step * STEP_MS })
  const terminal = { XDG_STATE_HOME: join(terminals, handle) }
  const password = randomBytes(12).toString('base64url')
  await identity.registerTotp({ enrolment }, { code: code(last), password })
  return {
    handle,
    password,
    terminal,
    async signIn() {
      last = Math.max(last + 1, Math.floor(clock.now().wall / STEP_MS))
      const early = (last - 1) * STEP_MS - clock.now().wall
      if (early > 0) await new Promise(resolve => setTimeout(resolve, early))
      const anonymous = createClient({ url: server.url, agent: AGENT })
      const { token, expires_at } = await anonymous.post<SignedIn>('/v1/signin/password', {
        handle,
        password,
        code: code(last),
        as: 'cli',
      })
      writeProfile({ url: server.url, token, handle, expires_at }, terminal)
      return createClient({ url: server.url, token, agent: AGENT })
    },
  }
}
