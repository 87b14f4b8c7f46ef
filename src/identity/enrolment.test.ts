import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  appOf,
  enrolWithApp,
  faultOf,
  openWorld,
  ORIGIN,
  PASSWORD,
  signIn,
  type World,
} from './real-identity.suite.ts'
import { SoftwarePasskey } from './software-passkey.suite.ts'

let world: World
beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world.close())

describe('enrolment', () => {
  it('a link registers one first factor and then nothing, also in parallel', async () => {
    const { identity } = world
    const person = await identity.addPerson({ handle: 'ana', name: 'Ana', groups: [] })
    const { secret: enrolment, link } = await identity.issueEnrolment({ person })
    expect(link).toBe(`${ORIGIN}/enrol#${enrolment}`)
    const keys = [new SoftwarePasskey(ORIGIN), new SoftwarePasskey(ORIGIN)]
    const prompts = await Promise.all(
      keys.map(async key => ({ key, ...(await identity.beginPasskey({ enrolment })) })),
    )
    const results = await Promise.all(
      prompts.map(({ key, attempt, options }) =>
        faultOf(() => identity.registerPasskey({ enrolment }, { attempt, response: key.create(options) })),
      ),
    )
    expect(new Set(results)).toEqual(new Set(['identity.unauthenticated', undefined]))
    expect(identity.find(person)?.factors).toHaveLength(1)
    expect(await world.vault.list('factor/')).toHaveLength(1)
    expect(await faultOf(() => identity.beginEnrolment(enrolment))).toBe('identity.unauthenticated')
  })

  it('ends by time, by a newer link and by disabling', async () => {
    const { identity, clock } = world
    const person = await identity.addPerson({ handle: 'ana', name: 'Ana Ruiz', groups: [] })
    const first = await identity.issueEnrolment({ person })
    const second = await identity.issueEnrolment({ person })
    expect(await faultOf(() => identity.beginEnrolment(first.secret))).toBe('identity.unauthenticated')
    expect(identity.beginEnrolment(second.secret)).toEqual({
      handle: 'ana',
      name: 'Ana Ruiz',
      organisation: 'acme',
    })
    clock.pass(24 * 3_600_000)
    expect(await faultOf(() => identity.beginEnrolment(second.secret))).toBe('identity.unauthenticated')
    const third = await identity.issueEnrolment({ person })
    await identity.disablePerson({ person })
    expect(await faultOf(() => identity.beginEnrolment(third.secret))).toBe('identity.disabled')
    await identity.enablePerson({ person })
    expect(await faultOf(() => identity.beginEnrolment(third.secret))).toBe('identity.unauthenticated')
    expect(await faultOf(() => identity.beginEnrolment('bge_nonsense'))).toBe('identity.unauthenticated')
  })

  it('demands a password of twelve characters and a right code', async () => {
    const { identity, clock } = world
    const person = await identity.addPerson({ handle: 'ana', name: 'Ana', groups: [] })
    const { secret: enrolment } = await identity.issueEnrolment({ person })
    expect(
      await faultOf(() => identity.registerTotp({ enrolment }, { code: '123456', password: PASSWORD })),
    ).toBe('input.invalid')
    const code = appOf(identity.beginTotp({ enrolment }).secret, clock)
    for (const password of ['short', 'aaaaaaaaaaaaaaaa', 'ana123456789', 'x'.repeat(257), undefined]) {
      const given = password === undefined ? { code: code() } : { code: code(), password }
      expect(await faultOf(() => identity.registerTotp({ enrolment }, given))).toBe('input.invalid')
    }
    expect(
      await faultOf(() => identity.registerTotp({ enrolment }, { code: '000000', password: PASSWORD })),
    ).toBe('input.invalid')
    expect(
      await faultOf(() => identity.registerTotp({ enrolment }, { code: code(), password: PASSWORD })),
    ).toBeUndefined()
  })

  it('a signed-in person adds factors only with one just shown', async () => {
    const { identity, clock } = world
    const { code, person } = await enrolWithApp(world, 'ana')
    const { principal } = await signIn(world, 'ana', code())
    clock.pass(5 * 60_000)
    expect(await faultOf(() => identity.beginPasskey({ principal }))).toBe('identity.step_up_required')
    await identity.stepUpWithTotp(principal, code())
    const key = new SoftwarePasskey(ORIGIN)
    const { attempt, options } = await identity.beginPasskey({ principal })
    await identity.registerPasskey({ principal }, { attempt, response: key.create(options) })
    expect(identity.find(person)?.factors.map(({ kind }) => kind)).toEqual(['password', 'totp', 'passkey'])
  })

  it('a new password ends the other tokens and the old password', async () => {
    const { identity, clock } = world
    const { code } = await enrolWithApp(world, 'ana')
    const other = await signIn(world, 'ana', code())
    clock.pass(30_000)
    const { principal, secret } = await signIn(world, 'ana', code())
    await identity.setPassword(principal, 'another long password')
    expect(await faultOf(() => identity.authenticate(other.secret))).toBe('identity.unauthenticated')
    expect(await faultOf(() => identity.authenticate(secret))).toBeUndefined()
    clock.pass(30_000)
    expect(await faultOf(() => signIn(world, 'ana', code()))).toBe('identity.factor_refused')
    expect(await world.vault.list('factor/')).toHaveLength(2)
  })
})
