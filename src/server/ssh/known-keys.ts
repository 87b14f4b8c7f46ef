import type { JsonObject } from '../../kernel/json.ts'
import type { JournalEvent, NewEvent, Slice } from '../../journal/slice.ts'

/** Shows clients that this is the gateway, or signs the certificates that targets accept. */
export type SshKeyUse = 'host' | 'ca'

/** Public halves, each `ssh-ed25519 AAAA…`. */
export interface SshPublicKeys {
  /** Clients have pinned it. */
  readonly host: string
  /** Targets trust it. */
  readonly ca: string
  /** Made and shown beside the one in use, not used yet. */
  readonly next: Readonly<Partial<Record<SshKeyUse, string>>>
}

/** As the control log knows them. */
export interface KnownSshKeys extends SshPublicKeys {
  /** Lines of next keys that were taken back: none of them is a next key again. */
  readonly withdrawn: readonly string[]
}

export const SSH_KEYS = 'ssh'
const TYPES = ['ssh.keys_made', 'ssh.next_key_made', 'ssh.next_key_withdrawn', 'ssh.keys_replaced'] as const
const USES = ['host', 'ca'] as const

/** What the control log says of the gateway's own SSH keys: each event names all of them. One entity, `SSH_KEYS`. */
export const knownSshKeys: Slice<KnownSshKeys> = {
  name: 'ssh-keys',
  keys: ({ type }: JournalEvent) => (TYPES.some(own => own === type) ? [SSH_KEYS] : []),
  evolve: (before, { data: { host, ca, next_host, next_ca, withdrawn } }) => ({
    host: host as string,
    ca: ca as string,
    next: {
      ...(typeof next_host === 'string' && { host: next_host }),
      ...(typeof next_ca === 'string' && { ca: next_ca }),
    },
    withdrawn: [...(before?.withdrawn ?? []), ...((withdrawn as readonly string[] | undefined) ?? [])],
  }),
}

/** What has to be on record before these keys are used or shown; undefined when it is. `by`: who changed them. Pure. */
export function keysEvent(
  known: KnownSshKeys | undefined,
  found: SshPublicKeys,
  by?: string,
): NewEvent | undefined {
  const data: JsonObject = {
    host: found.host,
    ca: found.ca,
    ...(found.next.host !== undefined && { next_host: found.next.host }),
    ...(found.next.ca !== undefined && { next_ca: found.next.ca }),
    ...(by !== undefined && { by }),
  }
  if (!known) return { type: 'ssh.keys_made', data }
  if (known.host !== found.host || known.ca !== found.ca) return { type: 'ssh.keys_replaced', data }
  const changed = USES.filter(use => known.next[use] !== found.next[use])
  if (changed.length === 0) return undefined
  const withdrawn = changed.flatMap(use => known.next[use] ?? [])
  return withdrawn.length === 0
    ? { type: 'ssh.next_key_made', data }
    : { type: 'ssh.next_key_withdrawn', data: { ...data, withdrawn } }
}
