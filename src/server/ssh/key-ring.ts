import type { KeyObject } from 'node:crypto'
import type { Journal } from '../../journal/journal.ts'
import { Fault } from '../../kernel/faults.ts'
import { sshBlob, sshLine } from '../../kernel/ssh-key.ts'
import { makeKey, promoteKey, removeNextKey } from './key-files.ts'
import { keysEvent, knownSshKeys, SSH_KEYS, type SshKeyUse, type SshPublicKeys } from './known-keys.ts'

type Keys = Readonly<Record<SshKeyUse, KeyObject>> & {
  readonly next: Readonly<Partial<Record<SshKeyUse, KeyObject>>>
}

/**
 * The gateway's two ed25519 keys, and for each the one that will follow it: known to those who have to trust it before it is used. What
 * is in a field here is on record.
 */
export class SshKeyRing {
  readonly #folder: string
  readonly #journal: Journal
  #keys: Keys
  #changing = false

  constructor(folder: string, journal: Journal, keys: Keys) {
    this.#folder = folder
    this.#journal = journal
    this.#keys = keys
  }

  /** Shows clients that this is the gateway. */
  get host(): KeyObject {
    return this.#keys.host
  }

  /** Signs the certificates of sessions: whoever has it gets into every target that trusts it. */
  get ca(): KeyObject {
    return this.#keys.ca
  }

  get next(): Keys['next'] {
    return this.#keys.next
  }

  get public(): SshPublicKeys {
    return publicOf(this.#keys)
  }

  /** Makes the key that will follow. `by`: pseudonym. Fault `conflict`: there is one. */
  makeNext(use: SshKeyUse, by: string): Promise<void> {
    return this.#alone(async () => {
      if (this.#keys.next[use])
        throw new Fault('conflict', `There is a next ${NAMES[use]} already.`, {
          next: `Show it with \`breakglass ssh-keys\`; use it with \`breakglass ssh-keys switch ${use}\`, take it back with \`… withdraw ${use}\`.`,
        })
      const next = { ...this.#keys.next, [use]: makeKey(this.#folder, use, 'next') }
      await this.#become({ ...this.#keys, next }, by)
    })
  }

  /**
   * From here on the next key is the one in use, and nothing is left of the one before. A crash in between leaves the file in place, which
   * the next start takes and records. Fault `conflict`: there is none.
   */
  switchTo(use: SshKeyUse, by: string): Promise<void> {
    return this.#alone(async () => {
      const { [use]: key, ...others } = this.#keys.next
      if (!key)
        throw new Fault('conflict', `There is no next ${NAMES[use]}.`, {
          next: `Make one with \`breakglass ssh-keys next ${use}\`, and make it known first.`,
        })
      promoteKey(this.#folder, use)
      await this.#become({ ...this.#keys, [use]: key, next: others }, by)
    })
  }

  /**
   * The next key is taken back: nobody is shown it any more, and nothing is left of it. A crash in between leaves its file, which the next
   * start removes. Fault `conflict`: there is none.
   */
  withdraw(use: SshKeyUse, by: string): Promise<void> {
    return this.#alone(async () => {
      const { [use]: key, ...others } = this.#keys.next
      if (!key)
        throw new Fault('conflict', `There is no next ${NAMES[use]}.`, {
          next: 'Show what there is with `breakglass ssh-keys`.',
        })
      await this.#become({ ...this.#keys, next: others }, by)
      removeNextKey(this.#folder, use)
    })
  }

  /** Recorded, then used. */
  async #become(keys: Keys, by: string): Promise<void> {
    await this.#journal.execute(state => {
      const event = keysEvent(state.get(knownSshKeys, SSH_KEYS), publicOf(keys), by)
      return { events: event ? [event] : [], result: undefined }
    })
    this.#keys = keys
  }

  async #alone(change: () => Promise<void>): Promise<void> {
    if (this.#changing)
      throw new Fault('conflict', 'Somebody changes these keys right now.', {
        next: 'Look at `breakglass ssh-keys`, then try again.',
      })
    this.#changing = true
    try {
      await change()
    } finally {
      this.#changing = false
    }
  }
}

const NAMES = { host: 'host key', ca: 'certificate authority' } as const

export function publicOf({ host, ca, next }: Keys): SshPublicKeys {
  const line = (key: KeyObject): string => sshLine(sshBlob(key))
  return {
    host: line(host),
    ca: line(ca),
    next: { ...(next.host && { host: line(next.host) }), ...(next.ca && { ca: line(next.ca) }) },
  }
}
