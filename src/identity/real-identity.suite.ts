import { mkdtemp, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { TOTP } from 'otpauth'
import type { Clock, Instant } from '../kernel/clock.ts'
import { type FaultCode, isFault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'
import { openJournal } from '../journal/open-journal.ts'
import type { Journal } from '../journal/journal.ts'
import { openLocalSigner } from '../ledger/signer/local-signer.ts'
import { openLog } from '../ledger/open-log.ts'
import { createKeyRing } from '../store/file/key-ring.ts'
import { nodeDisk } from '../store/file/node-disk.ts'
import { openVault, type Vault } from '../store/file/vault.ts'
import { createIdentity, type Identity, identitySlices, type IdentityOptions } from './create-identity.ts'
import { SoftwarePasskey } from './software-passkey.suite.ts'
import type { VerifiedPrincipal } from './verified-principal.ts'

export const ORIGIN = 'http://localhost:7070'
export const PASSWORD = 'correct horse battery'
const LOG_ORIGIN = 'example.org/control'

/** A clock that stands until it is moved, so that tests do not wait for codes and deadlines. */
export class HandClock implements Clock {
  #now: Instant = { wall: Date.UTC(2026, 10, 19, 1, 14, 6), mono: 5_000_000, boot: 'one' }
  now(): Instant {
    return this.#now
  }
  pass(ms: number): void {
    this.#now = { ...this.#now, wall: this.#now.wall + ms, mono: this.#now.mono + ms }
  }
  jumpWall(ms: number): void {
    this.#now = { ...this.#now, wall: this.#now.wall + ms }
  }
}

export interface World {
  readonly clock: HandClock
  readonly journal: Journal
  readonly vault: Vault
  readonly identity: Identity
  /** Stops and opens the same folder again, as after a restart. */
  reopen(options?: Partial<IdentityOptions>): Promise<World>
  close(): Promise<void>
}

/** Identity over a real log, a real journal and a real vault in a temporary folder. */
export async function openWorld(options: Partial<IdentityOptions> = {}): Promise<World> {
  // In memory where there is such a folder: what is tested here is not the disk.
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'breakglass-identity-'))
  return open(folder, new HandClock(), randomBytes(32), randomBytes(32), options)
}

async function open(
  folder: string,
  clock: HandClock,
  seed: Buffer,
  key: Buffer,
  options: Partial<IdentityOptions>,
): Promise<World> {
  const signer = await openLocalSigner({ origin: LOG_ORIGIN, seed, disk: nodeDisk(join(folder, 'signer')) })
  const log = await openLog({
    name: 'control',
    origin: LOG_ORIGIN,
    disk: nodeDisk(join(folder, 'control')),
    signer,
    clock,
    segmentBytes: 256 * 1024,
    entryZero: { origin: LOG_ORIGIN },
  })
  const vault = await openVault({ folder: join(folder, 'vault'), key })
  const journal = await openJournal({ log, keys: createKeyRing(vault), clock, slices: identitySlices })
  const identity = await createIdentity({
    journal,
    secrets: vault,
    clock,
    organisation: 'acme',
    origin: ORIGIN,
    rpId: 'localhost',
    ...options,
  })
  const stop = async (): Promise<void> => {
    await identity.close()
    await log.close()
  }
  return {
    clock,
    journal,
    vault,
    identity,
    reopen: async again => {
      await stop()
      return open(folder, clock, seed, key, again ?? options)
    },
    close: async () => {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A telephone with an authenticator app. */
export function appOf(secret: string, clock: Clock): (offsetSteps?: number) => string {
  return (offset = 0) =>
    TOTP.generate({ secret: secretOf(secret), timestamp: clock.now().wall + offset * 30_000 })
}

function secretOf(base32: string) {
  return new TOTP({ secret: base32 }).secret
}

export interface Enrolled {
  readonly person: PersonId
  readonly code: (offsetSteps?: number) => string
}

/** Somebody with a password and an app, enrolled through a link as people are. The next fresh code is half a minute away. */
export async function enrolWithApp(
  world: World,
  handle: string,
  groups: readonly string[] = [],
): Promise<Enrolled> {
  const { identity, clock } = world
  const person = await identity.addPerson({ handle, name: `${handle} of acme`, groups })
  const { secret: enrolment } = await identity.issueEnrolment({ person })
  const seed = identity.beginTotp({ enrolment }).secret
  const code = appOf(seed, clock)
  await identity.registerTotp({ enrolment }, { code: code(), password: PASSWORD })
  clock.pass(30_000)
  return { person, code }
}

export const CALLER = { source: '192.0.2.7', application: 'test' }

export async function signIn(
  world: World,
  handle: string,
  code: string,
  kind: 'session' | 'cli' = 'session',
): Promise<{ readonly secret: string; readonly principal: VerifiedPrincipal }> {
  const { identity } = world
  const issued = await identity.signInWithPassword({ handle, password: PASSWORD, code, kind, caller: CALLER })
  return { secret: issued.secret, principal: identity.authenticate(issued.secret) }
}

/** Somebody with one passkey. */
export async function withPasskey(world: World, handle: string, groups: readonly string[] = []) {
  const { identity } = world
  const person = await identity.addPerson({ handle, name: `${handle} of acme`, groups })
  const { secret: enrolment } = await identity.issueEnrolment({ person })
  const key = new SoftwarePasskey(ORIGIN)
  const { attempt, options } = await identity.beginPasskey({ enrolment })
  await identity.registerPasskey({ enrolment }, { attempt, response: key.create(options) })
  return { person, key, enrolment }
}

export async function passkeySignIn(world: World, key: SoftwarePasskey): Promise<VerifiedPrincipal> {
  const { identity } = world
  const { attempt, options } = await identity.beginPasskeySignIn()
  const issued = await identity.signInWithPasskey({ attempt, response: key.get(options), caller: CALLER })
  return identity.authenticate(issued.secret)
}

export async function faultOf(work: () => unknown): Promise<FaultCode | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (isFault(error)) return error.code
    throw error
  }
}
