import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Log } from '../ledger/log.ts'
import { openLog } from '../ledger/open-log.ts'
import { listSegments } from '../ledger/segment/scan.ts'
import { lockDirectory } from '../store/file/directory-lock.ts'
import { createKeyRing, type VaultKeyRing } from '../store/file/key-ring.ts'
import { nodeDisk } from '../store/file/node-disk.ts'
import { openVault, type Vault } from '../store/file/vault.ts'
import { readVaultKey } from '../store/file/vault-key.ts'
import type { Config } from './config/config.ts'
import { readFormat, writeFormat } from './data-format.ts'
import { moveKey } from './signer/move-key.ts'
import { openSigner } from './signer/open-signer.ts'

/** Where things lie in the data directory; `ledger verify` and `backup` read the same table. */
export const PLACES = {
  logs: 'logs',
  /** Memories of the signers, until the first start that moved them to a directory of their own. */
  formerSigner: 'signer',
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
  readonly config: Pick<Config, 'organisation' | 'data' | 'keys' | 'signer' | 'ledger'>
  readonly clock: Clock
  readonly version: string
}

/** What a start did not read is gone through once it serves. */
const REHASH_AFTER_MS = 2000
/** Session actions are signed within this many ms; control acts at once (LEDGER). */
const SIGN_SESSIONS_MS = 100

/**
 * Takes the data directory, opens the vault and the signer, and recovers both logs. Faults: `ledger.in_use`,
 * `ledger.damaged`, `config.invalid` (no vault key, or one of another vault), `unavailable` (no signer at its socket, or nothing
 * can be written).
 */
export async function openStore({ config, clock, version }: StoreOptions): Promise<Store> {
  mkdirSync(config.data, { recursive: true, mode: 0o700 })
  const undo: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const lock = await lockDirectory(config.data)
    undo.push(() => lock.release())
    const format = await readFormat(config.data)
    const key = await readVaultKey({ env: process.env, file: vaultKeyFile(config.keys), data: config.data })
    const vault = await openVault({ folder: join(config.data, PLACES.vault), key })
    const house = await openSigner(config)
    undo.push(() => house.close())
    const open = async (name: string, signEveryMs: number): Promise<Log> => {
      const origin = originOf(config.organisation, name, format.name)
      const disk = nodeDisk(join(config.data, PLACES.logs, name))
      const empty = (await listSegments(disk)).length === 0
      const former = join(config.data, PLACES.formerSigner)
      await moveKey({ vault, house, former, log: name, origin, empty })
      const signer = await house.open(origin, { create: empty })
      const entryZero: JsonObject = { origin, vkey: signer.vkey, version }
      const log = await openLog({
        name,
        origin,
        disk,
        signer,
        clock,
        signEveryMs,
        entryZero,
        former: format.former.filter(one => one.log === name),
        segmentBytes: config.ledger.segmentBytes,
        rehashAfterMs: REHASH_AFTER_MS,
      })
      undo.push(() => log.close())
      return log
    }
    const control = await open(CONTROL_LOG, 0)
    const sessions = await open(SESSION_LOG, SIGN_SESSIONS_MS)
    await writeFormat(config.data, format)
    return { vault, keys: createKeyRing(vault), control, sessions, close }
  } catch (error) {
    await close()
    throw inWords(config.data, error)
  }
}

/** What keeps a start from writing at all is said in words; anything else is given back as it is. */
function inWords(data: string, error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EROFS') return error
  return new Fault('unavailable', `The data directory ${data} is on a file system that is read-only.`, {
    next: 'Find out why (a disk error makes it so), check the file system, mount it writable, then start again.',
    facts: { data },
    cause: error,
  })
}

export function vaultKeyFile(keys: string): string {
  return join(keys, 'vault.key')
}

/**
 * Schemeless, as C2SP wants origins; fixed by the organisation's name and never reused. `name`: what a restore that began new
 * origins called them.
 */
export function originOf(organisation: string, log: string, name?: string): string {
  return name === undefined
    ? `breakglass/${organisation}/${log}`
    : `breakglass/${organisation}/${name}/${log}`
}
