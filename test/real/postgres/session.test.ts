import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { openLab, type Lab } from './lab.ts'

describe.skipIf(missing('postgres15', 'psql').length > 0)('a psql session through the gateway', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await openLab()
  })
  afterAll(() => lab.close())

  it('answers a query and records what came of it', async () => {
    const ran = await lab.psql('select count(*) from orders')
    expect(ran).toMatchObject({ code: 0, out: '100\n', err: '' })
    const { action, outcome } = lab.guard().about('select count(*)')
    expect(action).toMatchObject({ kind: 'query', verbs: ['select'], writes: false, objects: ['orders'] })
    expect(outcome).toMatchObject({ rows: 1, cut: false, result: 'count\n100\n' })
  })
})
