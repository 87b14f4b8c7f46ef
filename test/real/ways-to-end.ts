import type { Api, World } from './world.ts'

export interface Ending {
  readonly api: Api
  readonly grant: string
  readonly target: string
}

/** A way in which access ends (DESIGN §3). */
export interface WayToEnd {
  readonly way: string
  readonly for?: string
  /** Triggers the end; resolves with the moment from which to count (performance.now). */
  readonly trigger: (world: World, ending: Ending) => Promise<number>
  readonly says: RegExp
}

export const now = (): number => performance.now()

export const WAYS_TO_END: readonly WayToEnd[] = [
  {
    way: 'expiry',
    for: '5s',
    async trigger(world, { api, grant }) {
      const { ends_at } = await api.get<{ ends_at: string }>(`/v1/grants/${grant}`)
      const left = Date.parse(ends_at) - world.clock.now().wall
      const at = now() + left
      await new Promise(resolve => setTimeout(resolve, left))
      return at
    },
    says: /its time is over/,
  },
  {
    way: 'revoke',
    async trigger(world, { grant }) {
      const priya = await world.signIn('priya')
      const at = now()
      await priya.post(`/v1/grants/${grant}/revoke`)
      return at
    },
    says: /revoked/,
  },
  {
    way: 'completion',
    async trigger(_world, { api, grant }) {
      const at = now()
      await api.post(`/v1/grants/${grant}/close`)
      return at
    },
    says: /closed by its owner/,
  },
  {
    way: 'lock',
    async trigger(world, { target }) {
      const priya = await world.signIn('priya')
      const at = now()
      const { lock } = await priya.post<{ lock: string }>('/v1/locks', {
        kind: 'target',
        name: target,
        reason: 'odd',
      })
      await priya.delete(`/v1/locks/${lock}`)
      return at
    },
    says: /locked/,
  },
  {
    way: 'incident resolved',
    for: '30m',
    async trigger(world) {
      await world.incident({ status: 'resolved', updated_at: world.clock.now().wall + 1 })
      await new Promise(resolve => setTimeout(resolve, 300))
      world.clock.pass(10 * 60_000)
      return now()
    },
    says: /incident is resolved/,
  },
  {
    way: 'person disabled',
    async trigger(world) {
      const { identity } = world.server
      const person = identity.personOf('ana')
      if (!person) throw new Error('no ana')
      const at = now()
      await identity.disablePerson({ person })
      return at
    },
    says: /disabled/,
  },
]
