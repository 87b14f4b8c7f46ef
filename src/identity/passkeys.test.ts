import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JournalEvent } from '../journal/slice.ts'
import {
  CALLER,
  faultOf,
  openWorld,
  ORIGIN,
  passkeySignIn,
  withPasskey,
  type World,
} from './real-identity.suite.ts'

let world: World
let seen: JournalEvent[]
beforeEach(async () => {
  world = await openWorld()
  seen = []
  world.journal.subscribe(event => seen.push(event))
})
afterEach(() => world.close())

const types = (): string[] => seen.map(event => event.type)

describe('passkeys', () => {
  it('attack 3: answers of two parallel sign-ins, swapped, are refused and spend both prompts', async () => {
    const ana = await withPasskey(world, 'ana')
    const mallory = await withPasskey(world, 'mallory')
    const { identity } = world
    const [a, m] = [await identity.beginPasskeySignIn(), await identity.beginPasskeySignIn()]
    const [answerA, answerM] = [ana.key.get(a.options), mallory.key.get(m.options)]
    const finish = (attempt: string, response: typeof answerA) => () =>
      identity.signInWithPasskey({ attempt, response, caller: CALLER })
    expect(await faultOf(finish(a.attempt, answerM))).toBe('identity.factor_refused')
    expect(await faultOf(finish(m.attempt, answerA))).toBe('identity.factor_refused')
    expect(await faultOf(finish(a.attempt, answerA))).toBe('identity.factor_refused')
    expect(types()).not.toContain('token.issued')
  })

  it('an answer counts once, even twice at the same time', async () => {
    const { key } = await withPasskey(world, 'ana')
    const { identity } = world
    const { attempt, options } = await identity.beginPasskeySignIn()
    const response = key.get(options)
    const finish = () => faultOf(() => identity.signInWithPasskey({ attempt, response, caller: CALLER }))
    expect(await Promise.all([finish(), finish()])).toEqual([undefined, 'identity.factor_refused'])
  })

  it('refuses a prompt after two minutes, of another process, tampered with, or of another purpose', async () => {
    const { key } = await withPasskey(world, 'ana')
    const { identity } = world
    const prompts = await Promise.all(Array.from({ length: 4 }, () => identity.beginPasskeySignIn()))
    const [old, tampered, foreign] = prompts
    if (!old || !tampered || !foreign) throw new Error('four prompts')
    const finish = (attempt: string, response = key.get(old.options)) =>
      faultOf(() => identity.signInWithPasskey({ attempt, response, caller: CALLER }))
    const [terms = '', mac = ''] = tampered.attempt.split('.')
    const forged = Buffer.from(
      Buffer.from(terms, 'base64url').toString().replace('sign_in', 'step_up'),
    ).toString('base64url')
    expect(await finish(`${forged}.${mac}`)).toBe('identity.factor_refused')
    expect(await finish('')).toBe('identity.factor_refused')
    const principal = await passkeySignIn(world, key)
    const stepUp = await identity.beginPasskeyStepUp({ principal })
    expect(await finish(stepUp.attempt, key.get(stepUp.options))).toBe('identity.factor_refused')
    world.clock.pass(120_000)
    expect(await finish(old.attempt)).toBe('identity.factor_refused')
    const other = await openWorld()
    const theirs = await other.identity.beginPasskeySignIn()
    await other.close()
    expect(await finish(theirs.attempt, key.get(theirs.options))).toBe('identity.factor_refused')
  })

  it('refuses another origin, a missing user verification and a counter that did not grow', async () => {
    const { key } = await withPasskey(world, 'ana')
    await passkeySignIn(world, key)
    key.origin = 'http://localhost.evil.example'
    expect(await faultOf(() => passkeySignIn(world, key))).toBe('identity.factor_refused')
    key.origin = ORIGIN
    key.flags = 0x01
    expect(await faultOf(() => passkeySignIn(world, key))).toBe('identity.factor_refused')
    key.flags = 0x05
    key.counter = 1
    expect(await faultOf(() => passkeySignIn(world, key))).toBe('identity.factor_refused')
    key.counter = 50
    expect(await faultOf(() => passkeySignIn(world, key))).toBeUndefined()
  })

  it('a passkey belongs to one person', async () => {
    const { key } = await withPasskey(world, 'ana')
    const { identity } = world
    const person = await identity.addPerson({ handle: 'mallory', name: 'Mallory', groups: [] })
    const { secret: enrolment } = await identity.issueEnrolment({ person })
    const { attempt, options } = await identity.beginPasskey({ enrolment })
    const response = key.create(options)
    expect(await faultOf(() => identity.registerPasskey({ enrolment }, { attempt, response }))).toBe(
      'conflict',
    )
    expect(await world.vault.list('factor/')).toHaveLength(1)
  })
})
