import type { Grant } from '../client/answers.ts'
import type { Client } from '../client/client.ts'
import { Fault } from '../kernel/faults.ts'

/** How ids are shown in tables: the last eight characters, which no two ids of one moment share. */
export function short(id: string): string {
  return id.slice(-8)
}

const FULL = /^[a-z]_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The full id for what somebody typed: a full id as it is, or the end of exactly one in the list. Faults `not_found`, `input.invalid`. */
export async function fullId(
  typed: string,
  kind: string,
  list: () => Promise<readonly { readonly id: string }[]>,
): Promise<string> {
  if (FULL.test(typed)) return typed
  const found = typed.length < 4 ? [] : (await list()).filter(({ id }) => id.endsWith(typed))
  const [only, another] = found
  if (only !== undefined && another === undefined) return only.id
  if (another !== undefined)
    throw new Fault('input.invalid', `${found.length} ${kind}s end in ${JSON.stringify(typed)}.`, {
      next: 'Type more of the id.',
    })
  throw new Fault('not_found', `There is no ${kind} ${JSON.stringify(typed)}.`, {
    next: 'Give the id, or at least four of its last characters.',
  })
}

export async function allGrants(client: Client): Promise<readonly Grant[]> {
  return (await client.get<{ grants: readonly Grant[] }>('/v1/grants')).grants
}

/** Somebody's own active grant by its target or its id. Faults `grant.not_active`, `not_found`. */
export async function activeGrant(client: Client, what: string): Promise<Grant> {
  const all = await allGrants(client)
  const mine = all.filter(grant => grant.mine && grant.target === what)
  const active = mine.find(({ state }) => state === 'active')
  if (active) return active
  const waiting = mine.find(({ state }) => ['requested', 'verified', 'approved'].includes(state))
  if (waiting)
    throw new Fault('grant.not_active', `Your request for ${what} is not open yet.`, {
      next: `See what it waits for: breakglass show ${waiting.id}`,
    })
  if (mine.length > 0)
    throw new Fault('grant.not_active', `You have no active grant for ${what}.`, {
      next: `Ask with \`breakglass open ${what} --reason …\`.`,
    })
  const id = await fullId(what, 'grant', () => Promise.resolve(all)).catch(() => {
    throw new Fault(
      'not_found',
      `${JSON.stringify(what)} is neither a grant nor a target you have one for.`,
      { next: `Ask with \`breakglass open TARGET --reason …\`.` },
    )
  })
  return client.get<Grant>(`/v1/grants/${id}`)
}

export function grantId(client: Client, typed: string): Promise<string> {
  return fullId(typed, 'grant', () => allGrants(client))
}
