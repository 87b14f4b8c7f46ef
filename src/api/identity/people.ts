import { createRoute, z } from '@hono/zod-openapi'
import { FACTOR_CHANGE_WITHIN } from '../../identity/admission.ts'
import { freshProof } from '../../identity/fresh-proof.ts'
import type { Person } from '../../identity/people.ts'
import type { VerifiedPrincipal } from '../../identity/verified-principal.ts'
import { Fault } from '../../kernel/faults.ts'
import { isId, type PersonId } from '../../kernel/ids.ts'
import { newRouter } from '../router.ts'
import type { IdentityRoutesOptions } from './context.ts'
import { answer, body, DONE, done, iso, Link, PersonShown } from './schemas.ts'

const tags = ['people']
const ById = z.object({ id: z.string().min(1).max(80).describe('`p_…` or the handle.') })
const Groups = z.array(z.string().max(64)).max(100)

/**
 * For administrators. What widens (adding, groups, enabling, links) takes a second factor of the last five minutes and is
 * never done to oneself; what narrows takes neither.
 */
export function peopleRoutes({ identity, mayAdminister }: IdentityRoutesOptions) {
  const routes = newRouter()

  const shown = (person: Person) => ({
    id: person.id,
    handle: identity.handleOf(person.id) ?? person.id,
    name: identity.nameOf(person.id) ?? person.id,
    groups: [...person.groups],
    disabled: person.disabled,
    factors: person.factors.map(({ kind }) => kind),
  })
  const meant = (text: string): PersonId => {
    const id = isId('person', text) ? text : identity.personOf(text)
    if (id === undefined || !identity.find(id)) {
      throw new Fault('not_found', 'There is no such person.', {
        next: 'List people with `breakglass people`.',
      })
    }
    return id
  }
  const administrator = (principal: VerifiedPrincipal): PersonId => {
    if (mayAdminister(principal)) return principal.person
    throw new Fault('forbidden', 'Only administrators look after people.', {
      next: 'Ask somebody whom `roles.administer` in breakglass.yaml names.',
    })
  }
  const widens = (principal: VerifiedPrincipal, whom?: PersonId): PersonId => {
    const by = administrator(principal)
    if (whom === by) {
      throw new Fault('forbidden', 'Nobody widens their own rights.', { next: 'Ask another administrator.' })
    }
    const stale = freshProof(principal, 'totp', FACTOR_CHANGE_WITHIN, identity.now())
    if (stale) throw stale
    return by
  }

  routes.openapi(
    createRoute({
      method: 'get',
      path: '/v1/people',
      tags,
      summary: 'Everybody',
      responses: { 200: answer(z.object({ people: z.array(PersonShown) }), 'In order of arrival.') },
    }),
    c => {
      administrator(c.get('principal'))
      return c.json({ people: identity.people().map(shown) }, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/people',
      tags,
      summary: 'Add somebody and get their enrolment link',
      request: {
        body: body(
          z.strictObject({
            handle: z.string().min(1).max(64),
            name: z.string().min(1).max(120),
            groups: Groups.default([]),
          }),
        ),
      },
      responses: {
        201: answer(
          Link.extend({ person: z.string() }),
          'Hand the link over in person or by a channel you trust.',
        ),
      },
    }),
    async c => {
      const by = widens(c.get('principal'))
      const person = await identity.addPerson({ ...c.req.valid('json'), by })
      const { link, expiresMs } = await identity.issueEnrolment({ person, by })
      return c.json({ person, link, expires_at: iso(identity.now().wall + expiresMs) }, 201)
    },
  )

  routes.openapi(
    createRoute({
      method: 'patch',
      path: '/v1/people/{id}',
      tags,
      summary: 'Set the groups of somebody',
      request: { params: ById, body: body(z.strictObject({ groups: Groups })) },
      responses: { 200: answer(PersonShown, 'Counts from now on.') },
    }),
    async c => {
      const person = meant(c.req.valid('param').id)
      const by = widens(c.get('principal'), person)
      await identity.changePerson({ person, groups: c.req.valid('json').groups, by })
      const changed = identity.find(person)
      if (!changed) throw new Fault('not_found', 'There is no such person.')
      return c.json(shown(changed), 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/people/{id}/enrolment',
      tags,
      summary: 'A new enrolment link',
      description: 'Ends an earlier link. Whoever holds it can register a factor as that person.',
      request: { params: ById },
      responses: { 200: answer(Link, 'Shown once, good for one factor.') },
    }),
    async c => {
      const person = meant(c.req.valid('param').id)
      const by = widens(c.get('principal'), person)
      const { link, expiresMs } = await identity.issueEnrolment({ person, by })
      return c.json({ link, expires_at: iso(identity.now().wall + expiresMs) }, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/people/{id}/enable',
      tags,
      summary: 'Let somebody in again',
      request: { params: ById },
      responses: { 200: DONE },
    }),
    async c => {
      const person = meant(c.req.valid('param').id)
      await identity.enablePerson({ person, by: widens(c.get('principal'), person) })
      return c.json(done, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/people/{id}/disable',
      tags,
      summary: 'Shut somebody out at once',
      description: 'Ends their tokens, their link and their sessions.',
      request: { params: ById },
      responses: { 200: DONE },
    }),
    async c => {
      const by = administrator(c.get('principal'))
      await identity.disablePerson({ person: meant(c.req.valid('param').id), by })
      return c.json(done, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'post',
      path: '/v1/people/{id}/signout',
      tags,
      summary: 'End all tokens of somebody',
      request: { params: ById },
      responses: { 200: answer(z.object({ ended: z.int() }), 'How many.') },
    }),
    async c => {
      const by = administrator(c.get('principal'))
      const ended = await identity.revokeAll({ person: meant(c.req.valid('param').id), by })
      return c.json({ ended }, 200)
    },
  )

  routes.openapi(
    createRoute({
      method: 'delete',
      path: '/v1/people/{id}/factors/{factor}',
      tags,
      summary: 'Take a factor away (lost device)',
      request: { params: ById.extend({ factor: z.string().min(1).max(80) }) },
      responses: { 200: DONE },
    }),
    async c => {
      const by = administrator(c.get('principal'))
      const { id, factor } = c.req.valid('param')
      await identity.removeFactor({ person: meant(id), factor, by })
      return c.json(done, 200)
    },
  )
  return routes
}
