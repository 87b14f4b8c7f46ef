import { describe, expect, it } from 'vitest'
import { History } from '../../test/support/history.ts'
import { Fault } from '../kernel/faults.ts'
import type { DueAlert } from './alert.ts'
import { naming, newGrant, requested, told } from './alert-world.suite.ts'
import { compose } from './compose.ts'
import { outbox } from './outbox.ts'

function first(history: History, lane: string): DueAlert {
  const [alert] = history.fold.get(outbox, lane)?.due ?? []
  if (!alert) throw new Error('nothing is due')
  return alert
}

describe('compose', () => {
  it('leaves out a reason whose key was destroyed, and still tells the rest', async () => {
    const history = new History([outbox])
    const grant = newGrant()
    history.add(requested(grant))
    const erased = { ...naming, payload: () => Promise.reject(new Fault('evidence.erased', 'gone')) }
    const message = await compose(history.fold, erased, grant, first(history, grant), 'a')
    expect(message).not.toHaveProperty('reason')
    expect(message).toMatchObject({ person: 'ana', target: 'orders-db', grant, type: 'grant.requested' })
  })

  it('names a person without a handle by the pseudonym', async () => {
    const history = new History([outbox])
    const grant = newGrant()
    history.add(requested(grant))
    const unknown = { ...naming, handleOf: () => undefined, payload: () => Promise.resolve({ reason: 'r' }) }
    expect(await compose(history.fold, unknown, grant, first(history, grant), 'a')).toMatchObject({
      person: 'p_ana',
    })
  })

  it.each([
    [told('grant.activated', '', { unalerted: true }), 'opened before any alert was confirmed'],
    [told('grant.approved', '', { mode: 'nobody' }), 'without approval'],
    [told('grant.ended', '', { reason: 'expired' }), 'has ended (expired)'],
    [told('grant.ended', '', { reason: { a: 1 } }), 'has ended (unknown)'],
    [
      told('finding.raised', '', { rule: 'many_rows' }),
      'finding.raised: ana, orders-db (orders-db-emergency).',
    ],
  ])('says in one sentence what happened: %#', async (event, words) => {
    const history = new History([outbox])
    const grant = newGrant()
    history.add(requested(grant, { on: ['activated', 'approved', 'ended', 'finding'] }))
    history.add({ ...event, data: { ...event.data, grant } })
    const silent = { ...naming, payload: () => Promise.resolve(undefined) }
    expect((await compose(history.fold, silent, grant, first(history, grant), 'a')).text).toContain(words)
  })
})
