import { randomBytes } from 'node:crypto'
import type { KeyRing, SealKey } from '../../ledger/log.ts'
import type { Vault } from './vault.ts'

export interface VaultKeyRing extends KeyRing {
  /** The key of that name, made durably on first use. Concurrent first uses get one key. */
  obtain(name: string): Promise<SealKey>
  /** Erases what the key sealed. The event that says so is the caller's duty. Durable when it resolves. */
  destroy(name: string): Promise<void>
}

const PREFIX = 'seal/'
const KEPT = 10_000

/**
 * Seal keys as vault records. `find` must answer at once, and there may be as many keys as there ever were sessions:
 * so nothing is loaded beforehand, keys in use are kept in memory, and another one is read from its small file then.
 */
export function createKeyRing(vault: Vault): VaultKeyRing {
  const known = new Map<string, SealKey>()
  const making = new Map<string, Promise<SealKey>>()

  const remember = (name: string, bytes: Buffer): SealKey => {
    const key = { name, bytes }
    known.set(name, key)
    const oldest = known.size > KEPT ? known.keys().next().value : undefined
    if (oldest !== undefined) known.delete(oldest)
    return key
  }

  const make = async (name: string): Promise<SealKey> => {
    const stored = await vault.get(PREFIX + name)
    if (stored !== undefined) return remember(name, stored)
    const bytes = randomBytes(32)
    await vault.put(PREFIX + name, bytes)
    return remember(name, bytes)
  }

  return {
    find(name) {
      const key = known.get(name)
      if (key !== undefined) return key
      const stored = vault.peek(PREFIX + name)
      return stored === undefined ? undefined : remember(name, stored)
    },
    obtain(name) {
      const key = known.get(name)
      if (key !== undefined) return Promise.resolve(key)
      const under = making.get(name)
      if (under !== undefined) return under
      const made = make(name).finally(() => making.delete(name))
      making.set(name, made)
      return made
    },
    async destroy(name) {
      await making.get(name)?.catch(() => undefined)
      known.get(name)?.bytes.fill(0)
      known.delete(name)
      await vault.destroy(PREFIX + name)
    },
  }
}
