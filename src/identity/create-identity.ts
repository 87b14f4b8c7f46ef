import type { Clock } from '../kernel/clock.ts'
import type { PersonId } from '../kernel/ids.ts'
import type { Journal } from '../journal/journal.ts'
import type { Slice } from '../journal/slice.ts'
import { addPerson, type AddPerson } from './add-person.ts'
import type { Admission } from './admission.ts'
import { approveLogin, denyLogin, findLogin } from './answer-login.ts'
import { askStepUp } from './ask-step-up.ts'
import { Attempts } from './attempts.ts'
import { authenticate, recheck } from './authenticate.ts'
import { beginEnrolment } from './begin-enrolment.ts'
import { beginPasskey } from './begin-passkey.ts'
import { beginPasskeySignIn } from './begin-passkey-sign-in.ts'
import { beginPasskeyStepUp } from './begin-passkey-step-up.ts'
import { beginTotp } from './begin-totp.ts'
import { Challenges } from './challenges.ts'
import { type ChangePerson, changePerson } from './change-person.ts'
import type { Caller } from './caller.ts'
import type { IdentityContext, IdentitySettings } from './context.ts'
import { makeDecoys } from './decoys.ts'
import { Directory } from './directory.ts'
import { disablePerson, type SwitchPerson } from './disable-person.ts'
import { enablePerson } from './enable-person.ts'
import { enrolments } from './enrolments.ts'
import { Failures } from './failures.ts'
import { forgetPerson } from './forget-person.ts'
import { issueApiToken, type IssueApiToken } from './issue-api-token.ts'
import { issueEnrolment } from './issue-enrolment.ts'
import { listTokens } from './list-tokens.ts'
import { FREE_FAILURES } from './lock-out.ts'
import { Logins } from './logins.ts'
import { passkeys } from './passkeys.ts'
import { Passwords } from './passwords.ts'
import { PendingSeeds } from './pending-seeds.ts'
import { people, type Person } from './people.ts'
import { pollLogin } from './poll-login.ts'
import { registerPasskey, type RegisterPasskey } from './register-passkey.ts'
import { registerTotp, type RegisterTotp } from './register-totp.ts'
import { removeFactor, type RemoveFactor } from './remove-factor.ts'
import { revokeAll } from './revoke-all.ts'
import { revokeToken, type RevokeToken } from './revoke-token.ts'
import type { Secrets } from './secrets.ts'
import { setPassword } from './set-password.ts'
import { type PasskeySignIn, signInWithPasskey } from './sign-in-with-passkey.ts'
import { type PasswordSignIn, signInWithPassword } from './sign-in-with-password.ts'
import { startLogin } from './start-login.ts'
import { type PasskeyStepUp, stepUpWithPasskey } from './step-up-with-passkey.ts'
import { stepUpWithTotp } from './step-up-with-totp.ts'
import { sweepOrphans } from './sweep-orphans.ts'
import type { StepUpOf } from './token-of-step-up.ts'
import { tokens } from './tokens.ts'
import { UserCodes } from './user-codes.ts'
import type { VerifiedPrincipal } from './verified-principal.ts'

/** What the journal must fold for this folder. */
export const identitySlices: readonly Slice<unknown>[] = [
  people,
  tokens,
  enrolments,
  passkeys,
] as readonly Slice<unknown>[]

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Failures from one source before it is slowed down: offices share an address. Passkeys are not affected. */
const FREE_FAILURES_OF_A_SOURCE = 20
const COUNTED_MOST = 20_000

export interface IdentityOptions extends Partial<IdentitySettings> {
  readonly journal: Journal
  readonly secrets: Secrets
  readonly clock: Clock
  readonly origin: string
  readonly rpId: string
  /** Told of errors nobody waits for. */
  readonly report?: (error: unknown) => void
}

export type Identity = Awaited<ReturnType<typeof createIdentity>>

/** Reads the directory, sweeps what crashes left in the vault, and binds the operations of this folder to both. */
export async function createIdentity(options: IdentityOptions) {
  const { journal, secrets, clock } = options
  const report =
    options.report ??
    ((error: unknown) => process.emitWarning(error instanceof Error ? error : String(error)))
  const passwords = new Passwords()
  await sweepOrphans(journal.state, secrets)
  await makeDecoys(secrets, passwords)
  const at: IdentityContext = {
    settings: {
      organisation: options.organisation ?? 'breakglass',
      origin: options.origin,
      rpId: options.rpId,
      sessionMs: options.sessionMs ?? 12 * HOUR,
      cliMs: options.cliMs ?? 30 * DAY,
      apiMs: options.apiMs ?? 90 * DAY,
      enrolmentMs: options.enrolmentMs ?? 24 * HOUR,
    },
    journal,
    secrets,
    clock,
    directory: await Directory.load(journal.state, secrets),
    challenges: new Challenges(),
    passwords,
    failures: new Failures(journal, report),
    seeds: new PendingSeeds(),
    logins: new Logins(),
    stepUps: new UserCodes(),
    attempts: {
      people: new Attempts(FREE_FAILURES, Number.POSITIVE_INFINITY),
      strangers: new Attempts(FREE_FAILURES, COUNTED_MOST),
      sources: new Attempts(FREE_FAILURES_OF_A_SOURCE, COUNTED_MOST, HOUR),
      stepUps: new Attempts(FREE_FAILURES, Number.POSITIVE_INFINITY),
      codes: new Attempts(FREE_FAILURES, COUNTED_MOST),
    },
    report,
  }

  return {
    settings: at.settings,
    now: () => journal.now(),
    /** People whose profile record is not the one the log names. */
    damaged: at.directory.damaged as readonly PersonId[],
    handleOf: (person: PersonId) => at.directory.handleOf(person),
    nameOf: (person: PersonId) => at.directory.nameOf(person),
    personOf: (handle: string) => at.directory.personOf(handle),
    people: (): readonly Person[] => [...journal.state.all(people)],
    find: (person: PersonId): Person | undefined => journal.state.get(people, person),

    addPerson: (input: AddPerson) => addPerson(at, input),
    changePerson: (input: ChangePerson) => changePerson(at, input),
    disablePerson: (input: SwitchPerson) => disablePerson(at, input),
    enablePerson: (input: SwitchPerson) => enablePerson(at, input),
    forgetPerson: (person: PersonId) => forgetPerson(at, person),

    issueEnrolment: (input: { readonly person: PersonId; readonly by?: PersonId }) =>
      issueEnrolment(at, input),
    beginEnrolment: (enrolment: string) => beginEnrolment(at, enrolment),
    beginTotp: (by: Admission) => beginTotp(at, by),
    registerTotp: (by: Admission, input: RegisterTotp) => registerTotp(at, by, input),
    beginPasskey: (by: Admission) => beginPasskey(at, by),
    registerPasskey: (by: Admission, input: RegisterPasskey) => registerPasskey(at, by, input),
    setPassword: (principal: VerifiedPrincipal, password: string) => setPassword(at, principal, password),
    removeFactor: (input: RemoveFactor) => removeFactor(at, input),

    beginPasskeySignIn: () => beginPasskeySignIn(at),
    signInWithPasskey: (input: PasskeySignIn) => signInWithPasskey(at, input),
    signInWithPassword: (input: PasswordSignIn) => signInWithPassword(at, input),

    beginPasskeyStepUp: (of: StepUpOf) => beginPasskeyStepUp(at, of),
    stepUpWithPasskey: (of: StepUpOf, input: PasskeyStepUp) => stepUpWithPasskey(at, of, input),
    stepUpWithTotp: (principal: VerifiedPrincipal, code: string) => stepUpWithTotp(at, principal, code),
    askStepUp: (principal: VerifiedPrincipal) => askStepUp(at, principal),

    authenticate: (secret: string) => authenticate(at, secret),
    recheck: (principal: VerifiedPrincipal) => recheck(at, principal),
    listTokens: (person: PersonId) => listTokens(at, person),
    issueApiToken: (input: IssueApiToken) => issueApiToken(at, input),
    revokeToken: (input: RevokeToken) => revokeToken(at, input),
    revokeAll: (input: SwitchPerson) => revokeAll(at, input),

    startLogin: (caller: Caller) => startLogin(at, caller),
    findLogin: (principal: VerifiedPrincipal, code: string) => findLogin(at, principal, code),
    approveLogin: (principal: VerifiedPrincipal, code: string) => approveLogin(at, principal, code),
    denyLogin: (principal: VerifiedPrincipal, code: string) => denyLogin(at, principal, code),
    pollLogin: (poll: string) => pollLogin(at, poll),

    /** Writes what is still only counted. */
    close: () => at.failures.flush(),
  }
}
