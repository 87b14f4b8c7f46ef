import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createIdentity, type Identity, identitySlices } from '../identity/create-identity.ts'
import type { Journal } from '../journal/journal.ts'
import { openJournal } from '../journal/open-journal.ts'
import type { Slice } from '../journal/slice.ts'
import { ACCEPTANCE, procedureSets } from '../policy/acceptance.ts'
import { loadConfig } from './config/load-config.ts'
import { firstStart, type Welcome } from './first-start.ts'
import { initFolder } from './init/init-folder.ts'
import { openStore, type Store } from './open-store.ts'
import { systemClock } from './system-clock.ts'

let store: Store | undefined
afterEach(async () => {
  await store?.close()
  store = undefined
})

interface Started {
  readonly journal: Journal
  readonly identity: Identity
  readonly welcome: Welcome | undefined
}

async function start(folder: string): Promise<Started> {
  const config = loadConfig(folder)
  const clock = systemClock()
  store = await openStore({ config, clock, version: '0' })
  const slices = [...identitySlices, procedureSets] as readonly Slice<unknown>[]
  const journal = await openJournal({ log: store.control, keys: store.keys, clock, slices })
  const identity = await createIdentity({
    journal,
    secrets: store.vault,
    clock,
    origin: 'http://localhost:7070',
    rpId: 'localhost',
  })
  return { journal, identity, welcome: await firstStart({ config, journal, identity, version: '0' }) }
}

async function folder(): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), 'bg-first-')), 'acme')
  await initFolder({ folder: path, organisation: 'acme', owners: ['ana', 'ben'] })
  return path
}

describe('the first start', () => {
  it('founds the organisation and gives each owner a link that enrols', async () => {
    const { journal, identity, welcome } = await start(await folder())
    expect(welcome?.links.map(({ handle }) => handle)).toEqual(['ana', 'ben'])
    expect(journal.state.get(procedureSets, ACCEPTANCE)).toMatchObject({
      owners: [identity.personOf('ana'), identity.personOf('ben')],
      needed: 2,
    })
    const link = welcome?.links[0]?.link ?? ''
    expect(link).toMatch(/^http:\/\/localhost:7070\/enrol#/)
    expect(identity.beginEnrolment(link.split('#')[1] ?? '')).toMatchObject({ handle: 'ana' })
  })

  it('happens once: a second start knows the same owners, and only who has no factor yet gets a new link', async () => {
    const path = await folder()
    const first = await start(path)
    const owners = [first.identity.personOf('ana'), first.identity.personOf('ben')]
    await store?.close()
    const { journal, identity, welcome } = await start(path)
    expect([identity.personOf('ana'), identity.personOf('ben')]).toEqual(owners)
    expect(journal.state.get(procedureSets, ACCEPTANCE)?.owners).toEqual(owners)
    expect(welcome?.links).toHaveLength(2)
    const old = first.welcome?.links[0]?.link.split('#')[1] ?? ''
    expect(() => identity.beginEnrolment(old)).toThrow(/link/)
    await identity.disablePerson({ person: owners[1] as never, by: owners[0] as never })
    expect(await firstStart({ config: loadConfig(path), journal, identity, version: '0' })).toMatchObject({
      links: [{ handle: 'ana' }],
    })
  })
})
