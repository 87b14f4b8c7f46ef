import type { Instant } from '../kernel/clock.ts'
import { Fault, isFault } from '../kernel/faults.ts'
import { sha256Hex } from '../kernel/bytes.ts'
import type { Attempt } from './attempts.ts'
import type { Caller } from './caller.ts'
import type { IdentityContext } from './context.ts'
import { readDecoys } from './decoys.ts'
import { type FactorId, identityEvent, type TokenKind } from './events.ts'
import { readFactor } from './factor-record.ts'
import { type IssuedToken, tokenIssued } from './issue-token.ts'
import { factorOf, people, type Person } from './people.ts'
import { personDisabled } from './person-disabled.ts'
import { normalHandle } from './profile.ts'
import { recordLockout } from './record-lockout.ts'
import { newSecret } from './secret.ts'
import { sourceKey } from './source.ts'
import { totpStep } from './totp.ts'
import { codeIsNew } from './code-is-new.ts'

export interface PasswordSignIn {
  readonly handle: string
  readonly password: string
  /** Six digits of the authenticator app. There is no sign-in with a password alone. */
  readonly code: string
  /** `session` for a browser, `cli` for a terminal. */
  readonly kind: Exclude<TokenKind, 'api'>
  readonly caller: Caller
}

interface Judged {
  readonly person: Person['id']
  readonly password: FactorId
  readonly totp: FactorId
  readonly step: number
}

/**
 * Signs in by password and TOTP code together. Both are always checked and one sentence answers whatever was wrong; a handle
 * nobody has takes the same path over the decoys. Faults: `identity.factor_refused`, `identity.locked_out`, `unavailable`.
 */
export async function signInWithPassword(at: IdentityContext, input: PasswordSignIn): Promise<IssuedToken> {
  const handle = normalHandle(input.handle.slice(0, 256))
  const id = at.directory.personOf(handle)
  const person = id && at.journal.state.get(people, id)
  const now = at.journal.now()
  const source = sourceKey(input.caller.source)
  const { onPerson, onSource } = begin(at, person, handle, source, now)
  try {
    const judged = await judge(at, person, input)
    if (!judged) throw refused()
    const issued = await issue(at, judged, input)
    onPerson.passed()
    // Somebody with an account of their own must not be able to clear what an address has done.
    onSource.dropped()
    return issued
  } catch (error) {
    if (!isFault(error, 'identity.factor_refused')) {
      onPerson.dropped()
      onSource.dropped()
      throw error
    }
    at.failures.note(source)
    onSource.failed(at.journal.now())
    const lockout = onPerson.failed(at.journal.now())
    if (lockout && person) recordLockout(at, person.id, 'sign_in', lockout)
    throw error
  }
}

/** Takes both places, or none. What is refused here was an attempt as well and is counted. */
function begin(
  at: IdentityContext,
  person: Person | undefined,
  handle: string,
  source: string,
  now: Instant,
): { readonly onPerson: Attempt; readonly onSource: Attempt } {
  let onSource: Attempt | undefined
  try {
    onSource = at.attempts.sources.begin(source, now)
    const onPerson = person
      ? at.attempts.people.begin(person.id, now, person.lockouts.sign_in)
      : at.attempts.strangers.begin(sha256Hex(handle), now)
    return { onPerson, onSource }
  } catch (error) {
    onSource?.dropped()
    at.failures.note(source)
    throw error
  }
}

async function judge(
  at: IdentityContext,
  person: Person | undefined,
  input: PasswordSignIn,
): Promise<Judged | undefined> {
  const password = person && factorOf(person, 'password')
  const totp = person && factorOf(person, 'totp')
  const stored =
    password && totp
      ? {
          hash: (await readFactor(at.secrets, password, 'password')).hash,
          seed: (await readFactor(at.secrets, totp, 'totp')).seed,
        }
      : await readDecoys(at.secrets)
  const known = await at.passwords.matches(stored.hash, input.password)
  const step = totpStep(stored.seed, input.code, at.clock.now())
  if (!person || !password || !totp || !known || step === undefined) return undefined
  return { person: person.id, password: password.id, totp: totp.id, step }
}

async function issue(at: IdentityContext, judged: Judged, input: PasswordSignIn): Promise<IssuedToken> {
  const { secret, digest } = newSecret('token')
  const forMs = input.kind === 'cli' ? at.settings.cliMs : at.settings.sessionMs
  await at.journal.execute((state, now) => {
    const person = state.get(people, judged.person)
    if (!person?.factors.some(held => held.id === judged.password)) return refused()
    if (!codeIsNew(person, judged.totp, judged.step)) return refused()
    if (person.disabled) return personDisabled()
    const proven = { person: person.id, token: digest, door: 'sign_in' } as const
    const events = [
      tokenIssued(state, now, { person, digest, kind: input.kind, forMs, caller: input.caller }),
      identityEvent('factor.proven', { ...proven, factor: 'password', id: judged.password }),
      identityEvent('factor.proven', { ...proven, factor: 'totp', id: judged.totp, step: judged.step }),
    ]
    return { events, result: undefined }
  })
  return { secret, digest, person: judged.person, expiresMs: forMs }
}

function refused(): Fault {
  return new Fault('identity.factor_refused', 'Handle, password and code do not fit together.', {
    next: 'Check all three; each code works once, so wait for the next one. A passkey needs none of them.',
  })
}
