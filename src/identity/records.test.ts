import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JournalEvent } from '../journal/slice.ts'
import {
  CALLER,
  enrolWithApp,
  faultOf,
  openWorld,
  passkeySignIn,
  PASSWORD,
  signIn,
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

describe('what is written where', () => {
  it('no handle, name, address or secret stands in a leaf', async () => {
    const { identity } = world
    const { code } = await enrolWithApp(world, 'ana.ruiz')
    const { secret } = await signIn(world, 'ana.ruiz', code())
    const { key } = await withPasskey(world, 'mara')
    await passkeySignIn(world, key)
    const leaves = JSON.stringify(seen)
    for (const word of ['ana.ruiz', 'of acme', 'mara', CALLER.source, secret, key.id, PASSWORD])
      expect(leaves).not.toContain(word)
    const issued = seen.find(({ type }) => type === 'token.issued')
    expect(await world.journal.payload(issued?.index ?? -1)).toEqual(CALLER)
    expect(identity.handleOf(identity.personOf('mara') ?? 'p_')).toBe('mara')
  })

  it('everything holds after a restart, from log and vault alone', async () => {
    const { code } = await enrolWithApp(world, 'ana', ['g'])
    const { secret, principal } = await signIn(world, 'ana', code())
    const { key } = await withPasskey(world, 'mara')
    const before = world.identity.people()
    world = await world.reopen()
    expect(world.identity.people()).toEqual(before)
    expect(world.identity.authenticate(secret)).toEqual(principal)
    expect(await faultOf(() => signIn(world, 'ana', code()))).toBe('identity.factor_refused')
    expect((await passkeySignIn(world, key)).handle).toBe('mara')
    expect(await faultOf(() => world.identity.addPerson({ handle: 'ANA', name: 'Other', groups: [] }))).toBe(
      'conflict',
    )
  })

  it('sweeps what a crash left in the vault, and nothing else', async () => {
    await enrolWithApp(world, 'ana')
    await world.vault.put('factor/f_orphan', Buffer.from('{}'))
    await world.vault.put('profile/p_orphan', Buffer.from('{}'))
    await world.vault.put('other/thing', Buffer.from('x'))
    world = await world.reopen()
    expect(await world.vault.list('factor/')).toHaveLength(2)
    expect(await world.vault.list('profile/')).toHaveLength(1)
    expect(await world.vault.list('other/')).toEqual(['other/thing'])
  })

  it('a swapped factor or profile proves nobody', async () => {
    const { identity, vault } = world
    const ana = await enrolWithApp(world, 'ana')
    const mallory = await enrolWithApp(world, 'mallory')
    const [mine, theirs] = [identity.find(ana.person), identity.find(mallory.person)]
    for (const [n, factor] of (mine?.factors ?? []).entries()) {
      const swapped = await vault.get(`factor/${theirs?.factors[n]?.id}`)
      if (!swapped) throw new Error('no record')
      await vault.put(`factor/${factor.id}`, swapped)
    }
    expect(await faultOf(() => signIn(world, 'ana', mallory.code()))).toBe('ledger.damaged')
    const profile = await vault.get(`profile/${mallory.person}`)
    if (!profile) throw new Error('no profile')
    await vault.put(`profile/${ana.person}`, profile)
    world = await world.reopen()
    expect(world.identity.damaged).toEqual([ana.person])
    expect(world.identity.personOf('mallory')).toBe(mallory.person)
    expect(world.identity.personOf('ana')).toBeUndefined()
  })

  it('refuses bad handles, names and groups with the field that is wrong', async () => {
    const { identity } = world
    const add = (input: Partial<{ handle: string; name: string; groups: string[] }>) =>
      faultOf(() => identity.addPerson({ handle: 'ana', name: 'Ana', groups: [], ...input }))
    for (const handle of ['', ' ', 'a b', 'ana@example.org', 'аna', '-ana', 'a'.repeat(64)])
      expect(await add({ handle })).toBe('input.invalid')
    for (const name of ['', '  ', 'A\u0000', 'x'.repeat(121)])
      expect(await add({ name })).toBe('input.invalid')
    expect(await add({ groups: ['Payments'] })).toBe('input.invalid')
    const results = await Promise.all([add({}), add({})])
    expect(new Set(results)).toEqual(new Set(['conflict', undefined]))
  })
})
