import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  CALLER,
  enrolWithApp,
  faultOf,
  openWorld,
  ORIGIN,
  passkeySignIn,
  signIn,
  withPasskey,
  type World,
} from './real-identity.suite.ts'

let world: World
beforeEach(async () => {
  world = await openWorld()
})
afterEach(() => world.close())

describe('stepping up', () => {
  it('proves a factor for one token and no other', async () => {
    const { identity, clock } = world
    const { code } = await enrolWithApp(world, 'ana')
    const one = await signIn(world, 'ana', code())
    clock.pass(600_000)
    const two = await signIn(world, 'ana', code(), 'cli')
    clock.pass(600_000)
    await identity.stepUpWithTotp(one.principal, code())
    const now = world.journal.now()
    expect(identity.recheck(one.principal).strongestWithin('totp', 120_000, now)?.factor).toBe('totp')
    expect(identity.recheck(two.principal).strongestWithin('totp', 120_000, now)).toBeUndefined()
  })

  it('requirement 2: a code used to sign in does not step up', async () => {
    const { code } = await enrolWithApp(world, 'ana')
    const { principal } = await signIn(world, 'ana', code())
    expect(await faultOf(() => world.identity.stepUpWithTotp(principal, code()))).toBe(
      'identity.factor_refused',
    )
  })

  it('attack 16: the answer for one token proves nothing for another, nor the passkey of somebody else', async () => {
    const { identity } = world
    const ana = await withPasskey(world, 'ana')
    const mallory = await withPasskey(world, 'mallory')
    const [first, second] = [await passkeySignIn(world, ana.key), await passkeySignIn(world, ana.key)]
    const prompt = await identity.beginPasskeyStepUp({ principal: first })
    const response = ana.key.get(prompt.options)
    const { attempt } = prompt
    expect(
      await faultOf(() => identity.stepUpWithPasskey({ principal: second }, { attempt, response })),
    ).toBe('identity.factor_refused')
    const again = await identity.beginPasskeyStepUp({ principal: first })
    const theirs = mallory.key.get(again.options)
    expect(
      await faultOf(() =>
        identity.stepUpWithPasskey({ principal: first }, { attempt: again.attempt, response: theirs }),
      ),
    ).toBe('identity.factor_refused')
  })

  it('brings a passkey from the browser to a terminal by a code that works once', async () => {
    const { identity, clock } = world
    const { key } = await withPasskey(world, 'ana')
    const terminal = await passkeySignIn(world, key)
    clock.pass(600_000)
    const { code, link } = identity.askStepUp(terminal)
    expect(link).toBe(`${ORIGIN}/step-up?code=${code}`)
    const { attempt, options } = await identity.beginPasskeyStepUp({
      code: code.toLowerCase().replace('-', ' '),
    })
    await identity.stepUpWithPasskey({ code }, { attempt, response: key.get(options) })
    expect(identity.recheck(terminal).strongestWithin('passkey', 120_000, world.journal.now())).toBeDefined()
    expect(await faultOf(() => identity.beginPasskeyStepUp({ code }))).toBe('not_found')
    const late = identity.askStepUp(terminal)
    clock.pass(5 * 60_000)
    expect(await faultOf(() => identity.beginPasskeyStepUp({ code: late.code }))).toBe('not_found')
  })

  it('requirement 10: a program’s token cannot step up, add factors, or let terminals in', async () => {
    const { identity } = world
    const { key } = await withPasskey(world, 'ana')
    const principal = await passkeySignIn(world, key)
    const issued = await identity.issueApiToken({ principal, forMs: 86_400_000, caller: CALLER })
    const program = identity.authenticate(issued.secret)
    expect(program).toMatchObject({ kind: 'api', handle: 'ana', proofs: [] })
    expect(await faultOf(() => identity.askStepUp(program))).toBe('forbidden')
    expect(await faultOf(() => identity.beginTotp({ principal: program }))).toBe('forbidden')
    expect(await faultOf(() => identity.stepUpWithTotp(program, '123456'))).toBe('forbidden')
    expect(await faultOf(() => identity.beginPasskeyStepUp({ principal: program }))).toBe('forbidden')
    const { code } = identity.startLogin(CALLER)
    expect(await faultOf(() => identity.approveLogin(program, code))).toBe('forbidden')
    expect(
      await faultOf(() => identity.issueApiToken({ principal: program, forMs: 1000, caller: CALLER })),
    ).toBe('forbidden')
  })
})

describe('terminal login', () => {
  it('lets a terminal in once, after a fresh factor, with a token that carries no proof', async () => {
    const { identity, clock } = world
    const { key } = await withPasskey(world, 'ana')
    const browser = await passkeySignIn(world, key)
    const { poll, code, link } = identity.startLogin(CALLER)
    expect(link).toBe(`${ORIGIN}/login?code=${code}`)
    expect(await identity.pollLogin(poll)).toEqual({ state: 'pending' })
    clock.pass(120_000)
    expect(await faultOf(() => identity.approveLogin(browser, code))).toBe('identity.step_up_required')
    const prompt = await identity.beginPasskeyStepUp({ principal: browser })
    await identity.stepUpWithPasskey(
      { principal: browser },
      { attempt: prompt.attempt, response: key.get(prompt.options) },
    )
    expect(identity.findLogin(browser, code)).toEqual(CALLER)
    identity.approveLogin(browser, code)
    expect(await faultOf(() => identity.approveLogin(browser, code))).toBe('not_found')
    const polled = await identity.pollLogin(poll)
    if (polled.state !== 'approved') throw new Error('not approved')
    const terminal = identity.authenticate(polled.token.secret)
    expect(terminal).toMatchObject({ handle: 'ana', kind: 'cli', proofs: [] })
    expect(await faultOf(() => identity.pollLogin(poll))).toBe('not_found')
    expect(await faultOf(() => identity.approveLogin(terminal, identity.startLogin(CALLER).code))).toBe(
      'forbidden',
    )
  })

  it('can be denied, expires, and dies with the session that approved it', async () => {
    const { identity, clock } = world
    const { key, person } = await withPasskey(world, 'ana')
    const browser = await passkeySignIn(world, key)
    const denied = identity.startLogin(CALLER)
    identity.denyLogin(browser, denied.code)
    expect(await faultOf(() => identity.pollLogin(denied.poll))).toBe('forbidden')
    const approved = identity.startLogin(CALLER)
    identity.approveLogin(browser, approved.code)
    await identity.revokeAll({ person })
    expect(await faultOf(() => identity.pollLogin(approved.poll))).toBe('identity.unauthenticated')
    const late = identity.startLogin(CALLER)
    clock.pass(5 * 60_000)
    expect(await faultOf(() => identity.pollLogin(late.poll))).toBe('not_found')
    expect(identity.listTokens(person)).toEqual([])
  })

  it('guessing codes is slowed down', async () => {
    const { key } = await withPasskey(world, 'ana')
    const browser = await passkeySignIn(world, key)
    const answers = []
    for (let n = 0; n < 6; n++)
      answers.push(await faultOf(() => world.identity.findLogin(browser, `AAAA-AAA${n + 2}`)))
    expect(answers).toEqual([...Array<string>(5).fill('not_found'), 'identity.locked_out'])
  })
})
