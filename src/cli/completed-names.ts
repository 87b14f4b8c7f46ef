import type { Grant, Session, Target } from '../client/answers.ts'
import type { Client } from '../client/client.ts'
import { allGrants, short } from './names.ts'

/** A word that may follow, and what it is. */
export interface CompletedName {
  readonly name: string
  readonly what: string
}

type Names = (client: Client) => Promise<readonly CompletedName[]>

const targets: Names = async client =>
  (await client.get<{ targets: readonly Target[] }>('/v1/targets')).targets.map(({ name, protocol }) => ({
    name,
    what: protocol,
  }))

/** Targets somebody is let into right now. */
const open: Names = async client =>
  (await allGrants(client))
    .filter(({ mine, state }) => mine && state === 'active')
    .map(({ id, target, scope }) => ({ name: target, what: `${scope}, grant ${short(id)}` }))

const hosts: Names = async client => {
  const { targets: all } = await client.get<{ targets: readonly Target[] }>('/v1/targets')
  const names = new Set(all.filter(({ protocol }) => protocol === 'ssh').map(({ name }) => name))
  return (await open(client)).filter(({ name }) => names.has(name))
}

const sessions =
  (query: { readonly open?: 'true' }): Names =>
  async client =>
    (await client.get<{ sessions: readonly Session[] }>('/v1/sessions', query)).sessions.map(
      ({ id, person, target, opened_at }) => ({
        name: short(id),
        what: `${person} on ${target}, ${opened_at}`,
      }),
    )

const grants =
  (fits: (grant: Grant) => boolean): Names =>
  async client =>
    (await allGrants(client)).filter(fits).map(({ id, target, state }) => ({
      name: short(id),
      what: `${target}, ${state}`,
    }))

const isOpen = ({ state }: Grant): boolean => state === 'active'
const isAsked = ({ state }: Grant): boolean => ['requested', 'verified', 'approved'].includes(state)

/** What follows the words of a command. */
const AFTER: Readonly<Record<string, Names>> = {
  open: targets,
  connect: open,
  'ssh-config': hosts,
  extend: grants(grant => grant.mine && isOpen(grant)),
  close: grants(grant => grant.mine && isOpen(grant)),
  withdraw: grants(grant => grant.mine && isAsked(grant)),
  approve: grants(grant => !grant.mine && isAsked(grant)),
  deny: grants(grant => !grant.mine && isAsked(grant)),
  revoke: grants(isOpen),
  show: grants(() => true),
  watch: sessions({ open: 'true' }),
  replay: sessions({}),
  statements: sessions({}),
  'target plan': targets,
  'target check': targets,
}

/** Commands after which the server is asked for names. */
export const NAMED_COMMANDS: readonly string[] = Object.keys(AFTER)

/** bash expands the words it completes from: a server may not name what would run. */
const HARMLESS = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** Names each once, in the order the server has them; none after other commands. */
export async function completedNames(client: Client, command: string): Promise<readonly CompletedName[]> {
  const names = Object.hasOwn(AFTER, command) ? await AFTER[command]?.(client) : undefined
  const harmless = (names ?? []).filter(({ name }) => HARMLESS.test(name))
  const once = new Map(harmless.map(one => [one.name, one]))
  return [...once.values()]
}
