import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isFault } from '../kernel/faults.ts'
import type { JournalEvent } from '../journal/slice.ts'
import {
  CALLER,
  enrolWithApp,
  faultOf,
  openWorld,
  ORIGIN,
  passkeySignIn,
  PASSWORD,
  signIn,
  withPasskey,
  type World,
} from './real-identity.suite.ts'
import { SoftwarePasskey } from './software-passkey.suite.ts'
import { VerifiedPrincipal } from './verified-principal.ts'

let world: World
let seen: JournalEvent[]
beforeEach(async () => {
  world = await openWorld()
  seen = []
  world.journal.subscribe(event => seen.push(event))
})
afterEach(() => world.close())

const types = (): string[] => seen.map(event => event.type)

describe('signing in', () => {
  it('makes a principal out of a passkey, with a fresh proof', async () => {
    const { key, person } = await withPasskey(world, 'ana')
    const principal = await passkeySignIn(world, key)
    expect(VerifiedPrincipal.is(principal)).toBe(true)
    expect(principal).toMatchObject({ person, handle: 'ana', kind: 'session' })
    expect(principal.strongestWithin('totp', 120_000, world.journal.now())?.factor).toBe('passkey')
    expect(types()).toEqual([
      'person.added',
      'enrolment.issued',
      'enrolment.used',
      'factor.added',
      'token.issued',
      'factor.proven',
    ])
  })

  it('makes a principal out of password and code together, in one frame', async () => {
    const { code, person } = await enrolWithApp(world, 'ana', ['b', 'a', 'b'])
    const { principal } = await signIn(world, ' ANA ', code())
    expect(principal).toMatchObject({ person, handle: 'ana', groups: ['a', 'b'] })
    expect(principal.proofs.map(({ factor }) => factor)).toEqual(['totp', 'password'])
    expect(principal.strongestWithin('passkey', 120_000, world.journal.now())).toBeUndefined()
  })

  it('requirement 1: an old sign-in is no proof', async () => {
    const { key } = await withPasskey(world, 'ana')
    const principal = await passkeySignIn(world, key)
    world.clock.pass(119_999)
    expect(principal.strongestWithin('passkey', 120_000, world.journal.now())).toBeDefined()
    world.clock.pass(1)
    expect(principal.strongestWithin('passkey', 120_000, world.journal.now())).toBeUndefined()
  })

  it('requirement 2: a code is accepted once, also when two use it in the same instant', async () => {
    const { code } = await enrolWithApp(world, 'ana')
    const one = code()
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => signIn(world, 'ana', one)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await faultOf(() => signIn(world, 'ana', one))).toBe('identity.factor_refused')
    expect(await faultOf(() => signIn(world, 'ana', code(-1)))).toBe('identity.factor_refused')
    world.clock.pass(30_000)
    expect(await faultOf(() => signIn(world, 'ana', code()))).toBeUndefined()
  })

  it('requirement 2: the code that confirmed the app does not sign in as well', async () => {
    const { code } = await enrolWithApp(world, 'ana')
    expect(await faultOf(() => signIn(world, 'ana', code(-1)))).toBe('identity.factor_refused')
  })

  it('requirement 2: a code of the next step is taken from a phone that is ahead, of the one after that not', async () => {
    const { code } = await enrolWithApp(world, 'ana')
    expect(await faultOf(() => signIn(world, 'ana', code(2)))).toBe('identity.factor_refused')
    expect(await faultOf(() => signIn(world, 'ana', code(1)))).toBeUndefined()
  })

  it('judges codes by the wall clock although log time does not go back', async () => {
    const { code } = await enrolWithApp(world, 'ana')
    world.clock.jumpWall(3_600_000)
    const { identity, journal } = world
    await identity.addPerson({ handle: 'late', name: 'Late', groups: [] })
    world.clock.jumpWall(-3_540_000)
    expect(journal.now().wall).toBeGreaterThan(world.clock.now().wall)
    expect(await faultOf(() => signIn(world, 'ana', code()))).toBeUndefined()
  })

  it('refuses wrong password, wrong code and unknown handle in the same words', async () => {
    const { code } = await enrolWithApp(world, 'ana')
    const tries = [
      { handle: 'ana', password: 'wrong horse battery', code: code() },
      { handle: 'ana', password: PASSWORD, code: '000000' },
      { handle: 'nobody', password: PASSWORD, code: code() },
      { handle: '', password: PASSWORD, code: code() },
      { handle: 'ana', password: PASSWORD, code: '' },
      { handle: 'ana\u0000', password: 'x'.repeat(2_000), code: 'abcdef' },
    ]
    const answers = await Promise.all(
      tries.map(given =>
        world.identity
          .signInWithPassword({ ...given, kind: 'session', caller: CALLER })
          .catch((error: unknown) => error),
      ),
    )
    expect(new Set(answers.map(String))).toEqual(
      new Set(['Fault: Handle, password and code do not fit together.']),
    )
    expect(answers.every(answer => isFault(answer, 'identity.factor_refused'))).toBe(true)
  })

  it('an unknown handle costs a password hash as well (enumeration)', async () => {
    await enrolWithApp(world, 'ana')
    const time = async (handle: string): Promise<number> => {
      const begin = performance.now()
      await faultOf(() => signIn(world, handle, '000000'))
      return performance.now() - begin
    }
    const known: number[] = []
    const unknown: number[] = []
    for (let n = 0; n < 4; n++) {
      known.push(await time('ana'))
      unknown.push(await time('nobody'))
    }
    // A hash takes tens of milliseconds; without one the answer would come in less than one.
    expect(Math.min(...unknown)).toBeGreaterThan(Math.min(...known) / 4)
  })
})

describe('lock-out', () => {
  const wrong = (handle: string, source = CALLER.source) =>
    faultOf(() =>
      world.identity.signInWithPassword({
        handle,
        password: 'wrong horse battery',
        code: '000000',
        kind: 'session',
        caller: { source },
      }),
    )

  it('closes after five failures, opens after half a minute, closes again for longer', async () => {
    const { clock } = world
    const { code, person } = await enrolWithApp(world, 'ana')
    for (let n = 0; n < 5; n++) expect(await wrong('ana')).toBe('identity.factor_refused')
    expect(await faultOf(() => signIn(world, 'ana', code()))).toBe('identity.locked_out')
    clock.pass(30_000)
    expect(await wrong('ana')).toBe('identity.factor_refused')
    clock.pass(30_000)
    expect(await faultOf(() => signIn(world, 'ana', code()))).toBe('identity.locked_out')
    clock.pass(30_000)
    expect(await faultOf(() => signIn(world, 'ana', code()))).toBeUndefined()
    expect(world.identity.find(person)?.lockouts.sign_in).toBeUndefined()
    expect(types().filter(type => type === 'person.locked_out')).toHaveLength(2)
  })

  it('lets no hundred guesses in parallel through', async () => {
    await enrolWithApp(world, 'ana')
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => wrong('ana', `192.0.2.${n}`)))
    expect(answers.filter(answer => answer === 'identity.factor_refused')).toHaveLength(5)
    expect(answers.filter(answer => answer === 'identity.locked_out')).toHaveLength(95)
  })

  it('looks the same for a handle nobody has', async () => {
    for (let n = 0; n < 5; n++) expect(await wrong('nobody')).toBe('identity.factor_refused')
    expect(await wrong('nobody')).toBe('identity.locked_out')
  })

  it('keeps nobody from their passkey, nor from stepping up', async () => {
    const { identity, clock } = world
    const { code } = await enrolWithApp(world, 'ana')
    const { principal } = await signIn(world, 'ana', code())
    const key = new SoftwarePasskey(ORIGIN)
    const { attempt, options } = await identity.beginPasskey({ principal })
    await identity.registerPasskey({ principal }, { attempt, response: key.create(options) })
    for (let n = 0; n < 6; n++) await wrong('ana')
    clock.pass(29_000)
    expect(await faultOf(() => signIn(world, 'ana', code()))).toBe('identity.locked_out')
    expect(await faultOf(() => passkeySignIn(world, key))).toBeUndefined()
    expect(await faultOf(() => identity.stepUpWithTotp(principal, code(1)))).toBeUndefined()
  })

  it('survives a restart', async () => {
    const { code } = await enrolWithApp(world, 'ana')
    for (let n = 0; n < 5; n++) await wrong('ana')
    world = await world.reopen()
    expect(await faultOf(() => signIn(world, 'ana', code()))).toBe('identity.locked_out')
  })

  it('slows a source down, not everybody', async () => {
    const { code } = await enrolWithApp(world, 'ana')
    for (let n = 0; n < 20; n++)
      expect(await wrong(`nobody${n}`, '203.0.113.9')).toBe('identity.factor_refused')
    expect(await wrong('nobody21', '203.0.113.9')).toBe('identity.locked_out')
    // An account of the attacker's own does not open the source again.
    world.clock.pass(30_000)
    const mallory = await enrolWithApp(world, 'mallory')
    const own = { handle: 'mallory', password: PASSWORD, code: mallory.code(), kind: 'session' as const }
    await world.identity.signInWithPassword({ ...own, caller: { source: '203.0.113.9' } })
    expect(await wrong('nobody22', '203.0.113.9')).toBe('identity.factor_refused')
    expect(await wrong('nobody23', '203.0.113.9')).toBe('identity.locked_out')
    expect(await faultOf(() => signIn(world, 'ana', code()))).toBeUndefined()
  })

  it('failures are one event a minute; where they came from is sealed', async () => {
    for (let n = 0; n < 60; n++) await wrong(`nobody${n}`, `198.51.100.${n}`)
    await world.identity.close()
    const summaries = seen.filter(({ type }) => type === 'signin.failures')
    expect(summaries.map(({ data }) => data)).toEqual([
      { minute: expect.any(Number) as number, count: 60, sources: 50 },
    ])
    expect(JSON.stringify(summaries)).not.toContain('198.51.100')
    const payload = (await world.journal.payload(summaries[0]?.index ?? -1)) as {
      sources: unknown[]
      elsewhere: number
    }
    expect(payload.sources).toHaveLength(50)
    expect(payload.elsewhere).toBe(10)
  })
})
