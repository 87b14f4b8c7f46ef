import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRealJournal, type RealJournal, temporaryFolder } from '../../../test/support/real-journal.ts'
import type { Reactor } from '../../journal/reactor.ts'
import { keepReviews } from '../../review/keep-reviews.ts'
import { reviewOf } from '../../review/review.ts'
import { ANSWERS, lifeOf, newGrant, TERMS } from '../../review/review-world.suite.ts'
import { createReviews } from '../../review/reviews.ts'
import { reviews } from '../../review/slice.ts'
import { behindShell, tokenOf } from '../signed-in.suite.ts'
import { reviewRoutes } from './routes.ts'

let folder: { path: string; remove(): Promise<void> }
let real: RealJournal
let reactor: Reactor
let types: string[]

async function start(): Promise<void> {
  real = await openRealJournal(folder.path, [reviews])
  types = []
  real.journal.subscribe(event => types.push(event.type))
  reactor = keepReviews(real.journal, error => {
    throw error
  })
}
beforeEach(async () => {
  folder = await temporaryFolder('reviews')
  await start()
})
afterEach(async () => {
  reactor.stop()
  await real.close()
  await folder.remove()
})

const app = () =>
  behindShell(
    reviewRoutes({ reviews: createReviews(real.journal, () => false), handleOf: person => person.slice(2) }),
    [],
    [],
  )
async function ask(
  handle: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await app().request(path, {
    headers: { authorization: `Bearer ${tokenOf(handle)}`, 'content-type': 'application/json' },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
async function endedGrant(terms = TERMS): Promise<string> {
  const grant = newGrant()
  await real.journal.execute(() => ({ events: lifeOf(grant, 'p_ana', terms), result: undefined }))
  await reactor.settle()
  return reviewOf(grant)
}

describe('reviews over HTTP, on a real log', () => {
  it('opens by itself, is answered by somebody else, and shows the answers', async () => {
    const id = await endedGrant()
    expect((await ask('priya', '/v1/reviews?state=open')).body.reviews).toMatchObject([
      { id, requester: 'ana', target: 'orders-db', state: 'open', yours: true, overdue: false },
    ])
    expect((await ask('ana', `/v1/reviews/${id}`)).body).toMatchObject({ id, yours: false })
    const done = await ask('priya', `/v1/reviews/${id}/complete`, ANSWERS)
    expect(done).toMatchObject({
      status: 200,
      body: { state: 'completed', completed: { by: 'priya', text: ANSWERS.text, verdict: 'warranted' } },
    })
    expect(types.slice(-3)).toEqual(['review.opened', 'review.completed', 'grant.closed'])
    expect((await ask('priya', '/v1/reviews?state=open')).body.reviews).toEqual([])
  })

  it('attack 4: the requester is refused with 403 and an event, whatever the body says', async () => {
    const id = await endedGrant()
    expect(await ask('ana', `/v1/reviews/${id}/complete`, ANSWERS)).toMatchObject({
      status: 403,
      body: { code: 'grant.own' },
    })
    const forged = await ask('ana', `/v1/reviews/${id}/complete`, { ...ANSWERS, by: 'p_priya' })
    expect(forged).toMatchObject({ status: 400 })
    expect(types.at(-1)).toBe('attempt.refused')
    expect(types).not.toContain('review.completed')
  })

  it('attack 6: what is not yours is neither listed nor shown nor answered', async () => {
    const id = await endedGrant()
    expect((await ask('tomas', '/v1/reviews')).body.reviews).toEqual([])
    expect((await ask('tomas', `/v1/reviews/${id}`)).status).toBe(403)
    expect((await ask('tomas', `/v1/reviews/${id}/complete`, ANSWERS)).status).toBe(403)
    expect((await ask('priya', '/v1/reviews/r_nothing')).status).toBe(404)
  })

  it('of two reviewers who answer at the same moment one is told that it is done', async () => {
    const id = await endedGrant({ ...TERMS, from: { people: ['priya', 'tomas'], groups: [] } })
    const answers = await Promise.all(
      ['priya', 'tomas'].map(who => ask(who, `/v1/reviews/${id}/complete`, ANSWERS)),
    )
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409])
    expect(types.filter(type => type === 'grant.closed')).toHaveLength(1)
  })

  it('opens what ended while nobody was there, once', async () => {
    reactor.stop()
    const grant = newGrant()
    await real.journal.execute(() => ({ events: lifeOf(grant), result: undefined }))
    await real.close()
    for (let restart = 0; restart < 2; restart += 1) {
      await start()
      await reactor.settle()
      reactor.stop()
      expect(types).toEqual(restart === 0 ? ['review.opened'] : [])
      if (restart === 0) await real.close()
    }
  })

  it('notes an overdue review when its time has come', async () => {
    const id = await endedGrant({ ...TERMS, withinMs: 30 })
    await new Promise(resolve => setTimeout(resolve, 60))
    await reactor.settle()
    await reactor.settle()
    expect(types.filter(type => type === 'review.overdue')).toHaveLength(1)
    expect((await ask('priya', `/v1/reviews/${id}`)).body).toMatchObject({ overdue: true })
  })
})
