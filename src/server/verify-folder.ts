import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Fault, isFault } from '../kernel/faults.ts'
import { type KeyLife, keysSigning } from '../ledger/signer/key-life.ts'
import type { Finding } from '../ledger/verify/finding.ts'
import { verifyLog } from '../ledger/verify/verify-log.ts'
import { lockDirectory } from '../store/file/directory-lock.ts'
import { nodeDisk } from '../store/file/node-disk.ts'
import { openVault, type Vault, verifyVault } from '../store/file/vault.ts'
import { readVaultKey } from '../store/file/vault-key.ts'
import type { Disk } from '../ledger/disk.ts'
import { KEYS_FILE } from '../ledger/signer/signer-keys.ts'
import type { Config } from './config/config.ts'
import { loadConfig } from './config/load-config.ts'
import { type DataFormat, FORMAT_FILE, readFormat } from './data-format.ts'
import { keysInside } from './signer/keys-inside.ts'
import { whatWasSigned } from './signer/what-was-signed.ts'
import { CONTROL_LOG, originOf, PLACES, SESSION_LOG, vaultKeyFile } from './open-store.ts'

export interface FolderProgress {
  /** `log control`, `vault`. */
  readonly part: string
  readonly entries: number
  /** As the checkpoints say; 0 while unknown. */
  readonly total: number
}

export interface VerifiedLog {
  readonly log: string
  readonly size: number
  /** Hex. */
  readonly root: string
  readonly vkey: string
  /** All keys that sign it, `vkey` first. */
  readonly vkeys: readonly string[]
  /**
   * Where the key came from: the signer's directory, the vault of data from before there was one, or the log itself, which
   * proves only that it agrees with itself.
   */
  readonly trust: 'signer' | 'vault' | 'itself'
}

export interface VerifiedFolder {
  readonly logs: readonly VerifiedLog[]
  /** False: its key is not here, so it was not opened. */
  readonly vault: boolean
  /** Empty: every byte is what it must be. Files are relative to the data folder. */
  readonly findings: readonly Finding[]
}

interface Places {
  readonly data: string
  /** Known when the configuration lies beside the data. */
  readonly config: Pick<Config, 'organisation' | 'keys' | 'signer'> | undefined
}

/**
 * Recomputes both logs, what the signer remembers and the vault, from files alone. `path`: a configuration folder, or a data
 * folder (then its configuration is looked for one level up). Faults: `not_found`, `ledger.in_use` while a server runs on it.
 */
export async function verifyFolder(
  path: string,
  onProgress: (progress: FolderProgress) => void,
): Promise<VerifiedFolder> {
  const places = findPlaces(resolve(path))
  const release = await holdStill(places.data)
  try {
    return await verifyPlaces(places, onProgress)
  } finally {
    await release()
  }
}

async function verifyPlaces(
  { data, config }: Places,
  onProgress: (progress: FolderProgress) => void,
): Promise<VerifiedFolder> {
  const findings: Finding[] = []
  const folder = join(data, PLACES.vault)
  const key = config && (await vaultKeyFor(data, config.keys, findings))
  if (key)
    findings.push(
      ...(await verifyVault({ folder, key })).map(({ file, what }) => ({
        file: `${PLACES.vault}/${file}`,
        what,
      })),
    )
  const vault = key && (await openOrNot(folder, key))
  const format = await formatOf(data, findings)
  const names = [CONTROL_LOG, SESSION_LOG]
  const total = names.reduce((sum, name) => sum + signedSize(join(data, PLACES.logs, name)), 0)
  const logs: VerifiedLog[] = []
  let before = 0
  for (const name of names) {
    const disk = nodeDisk(join(data, PLACES.logs, name))
    const signed = await whatWasSigned(
      {
        data,
        log: name,
        origin: config && originOf(config.organisation, name, format?.name),
        signer: config?.signer,
        former: PLACES.formerSigner,
        vault,
      },
      findings,
    )
    const vkeys = signed.vkeys.length > 0 ? signed.vkeys : await namedKeys(disk, format?.keys?.[name])
    const [vkey, ...further] = vkeys
    if (vkey === undefined) {
      findings.push({
        file: `${PLACES.logs}/${name}`,
        what: 'the log cannot be read at all: neither its key nor its first entry',
      })
      continue
    }
    const done = before
    const verified = await verifyLog({
      disk,
      vkey,
      further,
      signer: signed.disk,
      onProgress: entries => onProgress({ part: `log ${name}`, entries: done + entries, total }),
    })
    before += verified.size
    findings.push(
      ...verified.findings.map(finding => ({ ...finding, file: placeOf(finding.file, name, signed.place) })),
    )
    if (signed.trust === 'signer') findings.push(...keyFindings(verified.keys, vkeys, signed.place))
    logs.push({
      log: name,
      size: verified.size,
      root: verified.root.toString('hex'),
      vkey,
      vkeys,
      trust: signed.trust,
    })
  }
  return { logs, vault: key !== undefined, findings }
}

/** What a log says of its own keys; `begun`: the key of a log that a restore began, for one that cannot be read. */
async function namedKeys(disk: Disk, begun: string | undefined): Promise<readonly string[]> {
  const named = keysSigning((await keysInside(disk)).lives)
  return named.length > 0 || begun === undefined ? named : [begun]
}

/** A change of keys that a crash cut in two: the log says it, the signer does not do it yet. */
function keyFindings(lives: readonly KeyLife[], held: readonly string[], place: string): readonly Finding[] {
  const named = keysSigning(lives)
  if (lives.length === 0 || (named.length === held.length && named.every(vkey => held.includes(vkey))))
    return []
  const what = 'the signer does not hold exactly the keys that the log names: run the change of keys again'
  return [{ file: join(place, KEYS_FILE), what }]
}

function findPlaces(path: string): Places {
  if (existsSync(join(path, 'breakglass.yaml')) || path.endsWith('.yaml')) {
    const config = loadConfig(path)
    return { data: config.data, config }
  }
  if (!existsSync(join(path, PLACES.logs)))
    throw new Fault('not_found', `${path} is neither a configuration nor a data folder.`, {
      next: 'Name the folder that holds breakglass.yaml, or its data folder.',
    })
  const above = dirname(path)
  const config = existsSync(join(above, 'breakglass.yaml')) ? loadConfig(above) : undefined
  return {
    data: path,
    config: config && resolve(config.data) === path ? config : undefined,
  }
}

/** No server may write meanwhile. On a read-only copy none can, so it needs no lock. */
async function holdStill(data: string): Promise<() => Promise<void>> {
  try {
    const lock = await lockDirectory(data)
    return () => lock.release()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return async () => undefined
    throw error
  }
}

/** The key, or why there is none here. */
async function vaultKeyFor(data: string, keys: string, findings: Finding[]): Promise<Buffer | undefined> {
  try {
    return await readVaultKey({ env: process.env, file: vaultKeyFile(keys), data })
  } catch (error) {
    if (!isFault(error)) throw error
    findings.push({ file: PLACES.vault, what: error.message })
    return undefined
  }
}

async function formatOf(data: string, findings: Finding[]): Promise<DataFormat | undefined> {
  try {
    return await readFormat(data)
  } catch (error) {
    if (!isFault(error)) throw error
    findings.push({ file: FORMAT_FILE, what: error.message })
    return undefined
  }
}

/** Opens the vault for the seeds it may hold. What is wrong with it, `verifyVault` has told. */
async function openOrNot(folder: string, key: Buffer): Promise<Vault | undefined> {
  try {
    return await openVault({ folder, key })
  } catch (error) {
    if (isFault(error)) return undefined
    throw error
  }
}

function signedSize(folder: string): number {
  const file = join(folder, 'checkpoint')
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[1] ?? 0) || 0 : 0
}

function placeOf(file: string, log: string, signer: string): string {
  return file.startsWith('signer/')
    ? join(signer, file.slice('signer/'.length))
    : `${PLACES.logs}/${log}/${file}`
}
