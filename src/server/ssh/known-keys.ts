import type { JournalEvent, NewEvent, Slice } from '../../journal/slice.ts'

/** The public halves in use, each `ssh-ed25519 AAAA…`: what clients have pinned, and what targets trust. */
export interface SshPublicKeys {
  readonly host: string
  readonly ca: string
}

export const SSH_KEYS = 'ssh'

/** What the control log says of the gateway's own SSH keys. One entity, `SSH_KEYS`. */
export const knownSshKeys: Slice<SshPublicKeys> = {
  name: 'ssh-keys',
  keys: ({ type }: JournalEvent) =>
    type === 'ssh.keys_made' || type === 'ssh.keys_replaced' ? [SSH_KEYS] : [],
  evolve: (_, { data }) => ({ host: data.host as string, ca: data.ca as string }),
}

/** What has to be on record before these keys are used; undefined when it is. Pure. */
export function keysEvent(known: SshPublicKeys | undefined, found: SshPublicKeys): NewEvent | undefined {
  if (known && known.host === found.host && known.ca === found.ca) return undefined
  return { type: known ? 'ssh.keys_replaced' : 'ssh.keys_made', data: { ...found } }
}
