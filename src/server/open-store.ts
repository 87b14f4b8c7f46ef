import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../kernel/clock.ts'
import type { JsonObject } from '../kernel/json.ts'
import { openLocalSigner } from '../ledger/signer/local-signer.ts'
import type { Log } from '../ledger/log.ts'
import { openLog } from '../ledger/open-log.ts'
import { lockDirectory } from '../store/file/directory-lock.ts'
import { createKeyRing, type VaultKeyRing } from '../store/file/key-ring.ts'
import { nodeDisk } from '../store/file/node-disk.ts'
import { openVault, type Vault } from '../store/file/vault.ts'
import { readVaultKey } from '../store/file/vault-key.ts'
import type { Config } from './config/config.ts'

/** Where things lie in the data directory; `ledger verify` and `backup` read the same table. */
export const PLACES = {
  logs: 'logs',
  signer: 'signer',
  vault: 'vault',
} as const

export const CONTROL_LOG = 'control'
export const SESSION_LOG = 'sessions'

export interface Store {
  readonly vault: Vault
  readonly keys: VaultKeyRing
  readonly control: Log
  readonly sessions: Log
  close(): Promise<void>
}

export interface StoreOptions {
  readonly config: Pick<Config, 'organisation' | 'data' | 'keys' | 'ledger'>
  readonly clock: Clock
  readonly version: string
}

/** Session actions are signed within this many ms; control acts at once (LEDGER). */
const SIGN_SESSIONS_MS = 100

/**
 * Takes the data directory, opens the vault and recovers both logs. Faults: `ledger.in_use`, `ledger.damaged`,
 * `config.invalid` (no vault key, or one of another vault).
 */
export async function openStore({ config, clock, version }: StoreOptions): Promise<Store> {
  mkdirSync(config.data, { recursive: true, mode: 0o700 })
  const lock = await lockDirectory(config.data)
  try {
    const key = await readVaultKey({ env: process.env, file: vaultKeyFile(config.keys), data: config.data })
    const vault = await openVault({ folder: join(config.data, PLACES.vault), key })
    const open = async (name: string, signEveryMs: number): Promise<Log> => {
      const origin = originOf(config.organisation, name)
      const signer = await openLocalSigner({
        origin,
        seed: await signingSeed(vault, name),
        disk: nodeDisk(join(config.data, PLACES.signer, name)),
      })
      const entryZero: JsonObject = { origin, vkey: signer.vkey, version }
      const disk = nodeDisk(join(config.data, PLACES.logs, name))
      return openLog({
        name,
        origin,
        disk,
        signer,
        clock,
        signEveryMs,
        entryZero,
        segmentBytes: config.ledger.segmentBytes,
      })
    }
    const control = await open(CONTROL_LOG, 0)
    const sessions = await open(SESSION_LOG, SIGN_SESSIONS_MS)
    return {
      vault,
      keys: createKeyRing(vault),
      control,
      sessions,
      async close() {
        await sessions.close()
        await control.close()
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

export function vaultKeyFile(keys: string): string {
  return join(keys, 'vault.key')
}

/** Schemeless, as C2SP wants origins; fixed by the organisation's name and never reused. */
export function originOf(organisation: string, log: string): string {
  return `breakglass/${organisation}/${log}`
}

/** 32 bytes (RFC 8032), made at the first start, kept in the vault. */
async function signingSeed(vault: Vault, log: string): Promise<Buffer> {
  const name = `signing/${log}`
  const stored = await vault.get(name)
  if (stored) return stored
  const seed = randomBytes(32)
  await vault.put(name, seed)
  return seed
}
