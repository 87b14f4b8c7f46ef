import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  enrolWithApp,
  faultOf,
  openWorld,
  passkeySignIn,
  signIn,
  withPasskey,
  type World,
} from './real-identity.suite.ts'
import { VerifiedPrincipal } from './verified-principal.ts'

let world: World
beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world.close())

describe('tokens', () => {
  it('end by time, by revoking, all at once, and not by somebody else', async () => {
    const { identity, clock } = world
    const { code, person } = await enrolWithApp(world, 'ana')
    const mallory = await identity.addPerson({ handle: 'mallory', name: 'M', groups: [] })
    const one = await signIn(world, 'ana', code())
    clock.pass(30_000)
    const two = await signIn(world, 'ana', code(), 'cli')
    expect(identity.listTokens(person).map(({ kind }) => kind)).toEqual(['session', 'cli'])
    expect(await faultOf(() => identity.revokeToken({ person: mallory, token: one.principal.token }))).toBe(
      'not_found',
    )
    await identity.revokeToken({ person, token: one.principal.token, by: person })
    expect(await faultOf(() => identity.authenticate(one.secret))).toBe('identity.unauthenticated')
    expect(await faultOf(() => identity.recheck(one.principal))).toBe('identity.unauthenticated')
    expect(await faultOf(() => identity.stepUpWithTotp(one.principal, code(1)))).toBe(
      'identity.unauthenticated',
    )
    expect(await identity.revokeAll({ person })).toBe(1)
    expect(await faultOf(() => identity.authenticate(two.secret))).toBe('identity.unauthenticated')
    clock.pass(30_000)
    const three = await signIn(world, 'ana', code())
    clock.pass(12 * 3_600_000)
    expect(await faultOf(() => identity.authenticate(three.secret))).toBe('identity.unauthenticated')
  })

  it('requirement 8: disabling ends every token at once; enabling revives none', async () => {
    const { identity, clock } = world
    const { code, person } = await enrolWithApp(world, 'ana')
    const { secret } = await signIn(world, 'ana', code())
    await identity.disablePerson({ person })
    expect(await faultOf(() => identity.authenticate(secret))).toBe('identity.unauthenticated')
    clock.pass(30_000)
    expect(await faultOf(() => signIn(world, 'ana', code()))).toBe('identity.disabled')
    await identity.enablePerson({ person })
    expect(await faultOf(() => identity.authenticate(secret))).toBe('identity.unauthenticated')
    expect(await faultOf(() => signIn(world, 'ana', code()))).toBeUndefined()
  })

  it('requirement 8: changed groups count for the next principal', async () => {
    const { identity } = world
    const { code, person } = await enrolWithApp(world, 'ana', ['payments-oncall'])
    const { principal } = await signIn(world, 'ana', code())
    await identity.changePerson({ person, groups: [] })
    expect(identity.recheck(principal).groups).toEqual([])
  })

  it('requirement 17: the twenty-first sign-in ends the first', async () => {
    const { identity } = world
    const { key, person } = await withPasskey(world, 'ana')
    const principals = []
    for (let n = 0; n < 21; n++) principals.push(await passkeySignIn(world, key))
    const [first, second] = principals
    if (!first || !second) throw new Error('21 principals')
    expect(identity.listTokens(person)).toHaveLength(20)
    expect(await faultOf(() => identity.recheck(first))).toBe('identity.unauthenticated')
    expect(await faultOf(() => identity.recheck(second))).toBeUndefined()
  })

  it('refuses what merely looks like a token', async () => {
    for (const text of ['', 'bgt_', `bgt_${'a'.repeat(43)}`, `bge_${'a'.repeat(43)}`, 'x'.repeat(100_000)]) {
      expect(await faultOf(() => world.identity.authenticate(text))).toBe('identity.unauthenticated')
    }
  })

  it('attack 4: nothing but `authenticate` makes a principal', () => {
    expect(VerifiedPrincipal.is({ person: 'p_1', handle: 'ana', groups: [], proofs: [] })).toBe(false)
    expect(VerifiedPrincipal.is(Object.create(VerifiedPrincipal.prototype))).toBe(false)
    expect(() => VerifiedPrincipal.claimMaker()).toThrow('already claimed')
  })
})
