import { randomBytes } from 'node:crypto'
import type { KeyRing, SealKey } from '../../ledger/log.ts'
import type { Vault } from './vault.ts'

export interface VaultKeyRing extends KeyRing {
  /**
   * The key to seal with, made durably on first use; concurrent first uses get one key. After an erasure its own name ends in
   * `~1`, `~2`, …: what was sealed before must never seem to be sealed under a key that is there.
   */
  obtain(name: string): Promise<SealKey>
  /**
   * Destroys the first `times` keys of that name, and with them what they sealed, salts included. The event that says so is the
   * caller's duty. Idempotent; durable when it resolves.
   */
  destroy(name: string, times?: number): Promise<void>
}

const PREFIX = 'seal/'
/** Records how many keys of a name were destroyed. */
const ERASED = 'erased/'
const KEPT = 10_000

/**
 * Seal keys as vault records. `find` must answer at once, and there may be as many keys as there ever were sessions:
 * so nothing is loaded beforehand, keys in use are kept in memory, and another one is read from its small file then.
 */
export function createKeyRing(vault: Vault): VaultKeyRing {
  const known = new Map<string, SealKey>()
  const making = new Map<string, Promise<SealKey>>()
  /** Names of which keys were destroyed → the name of the key in use. */
  const renamed = new Map<string, string>()

  const remember = (name: string, bytes: Buffer): SealKey => {
    const key = { name, bytes }
    known.set(name, key)
    const oldest = known.size > KEPT ? known.keys().next().value : undefined
    if (oldest !== undefined) known.delete(oldest)
    return key
  }

  const timesErased = async (name: string): Promise<number> =>
    Number((await vault.get(ERASED + name))?.toString() ?? 0)

  const make = async (name: string): Promise<SealKey> => {
    const times = await timesErased(name)
    const own = keyName(name, times)
    if (times > 0) renamed.set(name, own)
    const stored = await vault.get(PREFIX + own)
    if (stored !== undefined) return remember(own, stored)
    const bytes = randomBytes(32)
    await vault.put(PREFIX + own, bytes)
    return remember(own, bytes)
  }

  return {
    find(name) {
      const key = known.get(name)
      if (key !== undefined) return key
      const stored = vault.peek(PREFIX + name)
      return stored === undefined ? undefined : remember(name, stored)
    },
    obtain(name) {
      const key = known.get(renamed.get(name) ?? name)
      if (key !== undefined) return Promise.resolve(key)
      const under = making.get(name)
      if (under !== undefined) return under
      const made = make(name).finally(() => making.delete(name))
      making.set(name, made)
      return made
    },
    async destroy(name, times = 1) {
      await making.get(name)?.catch(() => undefined)
      // Counted before the first is gone: whoever seals from now on gets a key that this does not destroy.
      if ((await timesErased(name)) < times) await vault.put(ERASED + name, Buffer.from(String(times)))
      renamed.delete(name)
      for (let n = 0; n < times; n += 1) {
        const own = keyName(name, n)
        known.get(own)?.bytes.fill(0)
        known.delete(own)
        await vault.destroy(PREFIX + own)
      }
    },
  }
}

function keyName(name: string, timesErased: number): string {
  return timesErased === 0 ? name : `${name}~${timesErased}`
}
