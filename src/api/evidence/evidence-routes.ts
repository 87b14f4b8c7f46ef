import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { stream } from 'hono/streaming'
import { grants as grantSlice } from '../../grant/slice.ts'
import { includes } from '../../grant/people.ts'
import type { EvidenceReader } from '../../evidence/export.ts'
import type { VerifiedPrincipal } from '../../identity/verified-principal.ts'
import { Fault } from '../../kernel/faults.ts'
import { isId } from '../../kernel/ids.ts'
import type { Subject } from '../../ledger/bundle/manifest.ts'
import { answers, DONE, done, idOf, json, time } from '../answers.ts'
import type { AppDeps } from '../deps.ts'
import type { ApiEnv } from '../env.ts'
import { demandRole } from '../role.ts'
import { newRouter } from '../router.ts'
import { readerOf } from '../sessions/reader-of.ts'

const tags = ['evidence']
const wish = z.object({
  grant: z.string().max(60).optional(),
  session: z.string().max(60).optional(),
  from: time.optional(),
  to: time.optional(),
})

const erasure = z.strictObject({
  session: z.string().max(60).optional(),
  person: z.string().max(80).optional().describe('`p_…` or the handle.'),
  reason: z.string().max(20_000).describe('Why, and on whose demand; sealed.'),
})

/** Bundles that others verify without us (docs/EVIDENCE.md). */
export function evidenceRoutes(
  deps: Pick<AppDeps, 'evidence' | 'identity' | 'journal' | 'roles'>,
): OpenAPIHono<ApiEnv> {
  const app = newRouter()
  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/evidence',
      tags,
      summary:
        'Evidence of a grant, a session or a time, verifiable offline; that it was exported is recorded',
      request: { query: wish },
      responses: {
        ...answers('', z.string()),
        200: {
          description: 'A bundle: `breakglass evidence verify`, or the verifier in it, says what it shows.',
          content: { 'application/zip': { schema: z.string() } },
        },
      },
    }),
    async c => {
      const subject = subjectOf(c.req.valid('query'))
      const bundle = await deps.evidence.export(evidenceReaderOf(deps, c.get('principal')), subject)
      c.header('content-type', 'application/zip')
      c.header('content-disposition', `attachment; filename="${nameOf(subject)}"`)
      return stream(c, async out => {
        for await (const bytes of bundle) {
          if (out.aborted) return
          await out.write(bytes)
        }
      })
    },
  )

  const personIn = (text: string): string => {
    const person = isId('person', text) ? text : deps.identity.personOf(text)
    if (person !== undefined) return person
    throw new Fault('not_found', 'There is no such person.', {
      next: 'List people with `breakglass people`.',
    })
  }

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/evidence/erasures',
      tags,
      summary:
        'Destroy the key of a session or a person (administrators, with a fresh factor); that it was done stays',
      request: { body: { required: true, content: json(erasure) } },
      responses: done,
    }),
    async c => {
      const who = c.get('principal')
      demandRole(deps.roles, who, 'administer')
      const { session, person, reason } = c.req.valid('json')
      if ((session === undefined) === (person === undefined))
        throw new Fault('input.invalid', 'One session or one person is erased at a time.', {
          next: 'Give `session`, or `person`.',
        })
      if (session !== undefined)
        await deps.evidence.erase(who, { kind: 'session', session: idOf('session', session) }, reason)
      else await deps.evidence.erase(who, { kind: 'person', person: personIn(person ?? '') }, reason)
      return c.json(DONE, 200)
    },
  )
  return app
}

function subjectOf({ grant, session, from, to }: z.infer<typeof wish>): Subject {
  const given = [grant, session, from ?? to].filter(one => one !== undefined)
  if (given.length === 1) {
    if (grant !== undefined) return { kind: 'grant', grant: idOf('grant', grant) }
    if (session !== undefined) return { kind: 'session', session: idOf('session', session) }
    if (from !== undefined && to !== undefined)
      return { kind: 'range', from: Date.parse(from), to: Date.parse(to) }
  }
  throw new Fault('input.invalid', 'Evidence is of one grant, one session or one time.', {
    next: 'Give `grant`, or `session`, or `from` and `to`.',
  })
}

function nameOf(subject: Subject): string {
  switch (subject.kind) {
    case 'grant':
      return `evidence-${subject.grant}.zip`
    case 'session':
      return `evidence-${subject.session}.zip`
    case 'range':
      return `evidence-${new Date(subject.from).toISOString().slice(0, 10)}.zip`
    default:
      return subject satisfies never
  }
}

/** Auditors everything, reviewers the grants they review, everybody their own. */
function evidenceReaderOf(deps: Pick<AppDeps, 'journal' | 'roles'>, who: VerifiedPrincipal): EvidenceReader {
  const audits = includes(deps.roles.audit, who)
  return {
    ...readerOf(deps, who),
    mayReadAll: audits,
    mayReadGrant(id) {
      const grant = deps.journal.state.get(grantSlice, id)
      return audits || (grant !== undefined && includes(grant.terms.review.from, who))
    },
  }
}
