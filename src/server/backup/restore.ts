import { existsSync, readdirSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Fault, isFault } from '../../kernel/faults.ts'
import type { SignedHead } from '../../ledger/signer/signer.ts'
import type { SignerHouse } from '../../ledger/signer/signer-house.ts'
import { CHECKPOINT_FILE } from '../../ledger/tree/publish.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import { verifyVault } from '../../store/file/vault.ts'
import { readVaultKey } from '../../store/file/vault-key.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load-config.ts'
import { type DataFormat, readFormat, writeFormat } from '../data-format.ts'
import { originOf, PLACES, vaultKeyFile } from '../open-store.ts'
import { openSigner } from '../signer/open-signer.ts'
import { systemClock } from '../system-clock.ts'
import { type BackupProgress, checkBackup } from './check-backup.ts'
import { continueLog } from './continue-log.ts'
import type { BackedUpLog, Manifest } from './manifest.ts'

export interface RestoreOptions {
  /** The folder that `backup` made. */
  readonly from: string
  /** The configuration folder; gets the copied configuration when it has none. Its keys must be there. */
  readonly to: string
  /** Begins new logs under this name, where the old ones cannot go on. */
  readonly newOrigin?: string
  readonly onProgress: (progress: BackupProgress) => void
}

export interface Restored {
  readonly data: string
  readonly logs: readonly { readonly log: string; readonly origin: string; readonly size: number }[]
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/

/**
 * Puts a backup in place of data that is gone, after verifying all of it. Nothing is overwritten. Faults: `conflict` when there is
 * data already, `config.invalid` without the vault's key, `ledger.damaged` for a damaged backup and for one that ends before what
 * the signer has signed: that would go back in time, and takes a new origin.
 */
export async function restore({ from, to, newOrigin, onProgress }: RestoreOptions): Promise<Restored> {
  if (newOrigin !== undefined && !NAME.test(newOrigin)) {
    throw new Fault('input.invalid', `"${newOrigin}" cannot name an origin.`, {
      next: 'Lower-case letters, digits, - and _, at most 63: a date, for example.',
    })
  }
  const backup = resolve(from)
  const manifest = await checkBackup(backup, onProgress)
  const config = await configuration(backup, resolve(to), manifest)
  if (existsSync(config.data) && readdirSync(config.data).length > 0) {
    throw new Fault('conflict', `There is data in ${config.data} already; nothing was changed.`, {
      next: 'Move it away first, and keep it: it may hold newer entries than the backup.',
    })
  }
  await checkVault(backup, config)
  const part = `${config.data}.part`
  await rm(part, { recursive: true, force: true })
  await mkdir(part, { recursive: true, mode: 0o700 })
  const house = await openSigner(config)
  try {
    const format = await readFormat(join(backup, 'data'))
    const remembered = await rememberedHeads(house, manifest)
    if (newOrigin === undefined) {
      for (const log of manifest.logs) mayGoOn(log, remembered.get(log.log))
      // Without a published head the log makes its tiles, which are derived and were not copied, again from the entries.
      const published = manifest.logs.map(({ log }) => `data/${PLACES.logs}/${log}/${CHECKPOINT_FILE}`)
      await copyData(backup, part, manifest, path => !published.includes(path), onProgress)
      await rename(part, config.data)
      return { data: config.data, logs: manifest.logs }
    }
    await copyData(backup, part, manifest, path => !path.startsWith(`data/${PLACES.logs}/`), onProgress)
    const logs = await beginAnew({
      backup,
      part,
      config,
      manifest,
      format,
      house,
      remembered,
      name: newOrigin,
    })
    await rename(part, config.data)
    return { data: config.data, logs }
  } finally {
    await house.close()
  }
}

async function configuration(
  backup: string,
  folder: string,
  { organisation, files }: Manifest,
): Promise<Config> {
  if (!existsSync(join(folder, 'breakglass.yaml'))) {
    const source = nodeDisk(backup)
    const target = nodeDisk(folder)
    for (const { path } of files) {
      const inside = path.startsWith('configuration/') ? path.slice('configuration/'.length) : undefined
      const bytes = inside === undefined ? undefined : await source.read(path)
      if (inside !== undefined && bytes !== undefined) await target.replace(inside, bytes)
    }
  }
  const config = loadConfig(folder)
  if (config.organisation === organisation) return config
  throw new Fault(
    'conflict',
    `The backup is of ${organisation}, the configuration of ${config.organisation}.`,
    {
      next: 'Restore it under the configuration of its own organisation.',
    },
  )
}

async function checkVault(backup: string, { keys, data }: Config): Promise<void> {
  const key = await readVaultKey({ env: process.env, file: vaultKeyFile(keys), data })
  const [finding] = await verifyVault({ folder: join(backup, 'data', PLACES.vault), key })
  if (finding === undefined) return
  throw new Fault(
    'config.invalid',
    `The vault key here does not open the vault of the backup: ${finding.file}.`,
    {
      next: 'Put the key back that the vault was made with, from its recovery shares if need be.',
    },
  )
}

/** What the signer has signed of each log; no entry: it has no key for it. */
async function rememberedHeads(
  house: SignerHouse,
  { logs }: Manifest,
): Promise<Map<string, SignedHead | undefined>> {
  const heads = new Map<string, SignedHead | undefined>()
  for (const { log, origin } of logs) {
    try {
      const signer = await house.open(origin, { create: false })
      heads.set(log, signer.last())
      await signer.close()
    } catch (error) {
      if (!isFault(error, 'ledger.damaged')) throw error
    }
  }
  return heads
}

function mayGoOn({ log, origin, size, root }: BackedUpLog, signed: SignedHead | undefined): void {
  const next = 'Restore a newer backup, or begin new logs that record what is missing: `--new-origin NAME`.'
  if (signed === undefined) {
    throw new Fault(
      'ledger.damaged',
      `The signer here has no key for ${origin}; the log ${log} cannot go on.`,
      {
        next: `Bring the signer directory back. When it is lost: ${next}`,
        facts: { log, origin },
      },
    )
  }
  if (signed.size <= size && (signed.size < size || signed.root.toString('hex') === root)) return
  throw new Fault(
    'ledger.damaged',
    `This backup would turn the log ${log} back: it ends at ${size} entries, its signer has signed ${signed.size}.`,
    { next: `Nothing was changed. ${next}`, facts: { log, origin, size, signed: signed.size } },
  )
}

async function copyData(
  backup: string,
  part: string,
  { files }: Manifest,
  wanted: (path: string) => boolean,
  onProgress: (progress: BackupProgress) => void,
): Promise<void> {
  const source = nodeDisk(backup)
  const target = nodeDisk(part)
  const copied = files.filter(({ path }) => path.startsWith('data/') && wanted(path))
  const total = copied.reduce((sum, { bytes }) => sum + bytes, 0)
  let done = 0
  for (const { path } of copied) {
    const bytes = await source.read(path)
    if (bytes === undefined) throw new Fault('not_found', `${path} is no longer in the backup.`)
    await target.replace(path.slice('data/'.length), bytes)
    done += bytes.length
    onProgress({ part: 'restore', done, total })
  }
}

interface AnewOptions {
  readonly backup: string
  readonly part: string
  readonly config: Config
  readonly manifest: Manifest
  readonly format: DataFormat
  readonly house: SignerHouse
  readonly remembered: ReadonlyMap<string, SignedHead | undefined>
  readonly name: string
}

async function beginAnew(options: AnewOptions): Promise<{ log: string; origin: string; size: number }[]> {
  const { backup, part, config, manifest, format, house, remembered, name } = options
  const keys: Record<string, string> = {}
  const begun: { log: string; origin: string; size: number }[] = []
  for (const { log, origin: old, size, root } of manifest.logs) {
    const origin = originOf(config.organisation, log, name)
    const from = nodeDisk(join(backup, 'data', PLACES.logs, log))
    const signer = await house.open(origin, { create: true })
    keys[log] = signer.vkey
    await continueLog({
      log,
      origin,
      signer,
      from,
      to: nodeDisk(join(part, PLACES.logs, log)),
      head: {
        origin: old,
        size,
        root: Buffer.from(root, 'hex'),
        checkpoint: ((await from.read(CHECKPOINT_FILE)) ?? Buffer.alloc(0)).toString('utf8'),
      },
      former: format.former.filter(one => one.log === log),
      signed: remembered.get(log)?.size,
      clock: systemClock(),
      segmentBytes: config.ledger.segmentBytes,
    })
    begun.push({ log, origin, size })
  }
  const former = [...format.former, ...manifest.logs.map(({ log, origin, size }) => ({ log, origin, size }))]
  await writeFormat(part, { v: format.v, name, keys, former })
  return begun
}
