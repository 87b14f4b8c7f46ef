import { existsSync, readdirSync, statSync } from 'node:fs'
import { readFile, readdir, rename, rm } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { Fault } from '../../kernel/faults.ts'
import { openCheckpoint } from '../../ledger/note/checkpoint.ts'
import { parseVkey } from '../../ledger/note/note.ts'
import { CHECKPOINT_FILE } from '../../ledger/tree/publish.ts'
import { TEMPORARY } from '../../ledger/durable-disk.ts'
import { keysSigning } from '../../ledger/signer/key-life.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load-config.ts'
import { encodeFormat, FORMAT_FILE, readFormat } from '../data-format.ts'
import { ANCHORS } from '../anchoring/keep-anchored.ts'
import { CONTROL_LOG, originOf, PLACES, SESSION_LOG } from '../open-store.ts'
import { keysInside } from '../signer/keys-inside.ts'
import { whatWasSigned } from '../signer/what-was-signed.ts'
import { type BackupProgress, checkBackup } from './check-backup.ts'
import {
  type BackedUpFile,
  type BackedUpLog,
  describeFile,
  encodeManifest,
  type Manifest,
  MANIFEST_FILE,
} from './manifest.ts'
import { signedSegments } from './signed-segments.ts'

export interface BackUpOptions {
  /** The configuration folder, or its breakglass.yaml. */
  readonly config: string
  /** A folder that does not exist yet. */
  readonly to: string
  readonly version: string
  readonly onProgress: (progress: BackupProgress) => void
}

/**
 * Copies the data of a running or stopped server, up to the newest published head of each log, with its configuration, and
 * reads the copy again before it gets its name. Keys (vault, signer, TLS) and the signer's memory are never in it. Faults:
 * `conflict` when the folder exists, `ledger.damaged`, `unavailable` before the first head was published.
 */
export async function backUp({ config: at, to, version, onProgress }: BackUpOptions): Promise<Manifest> {
  const config = loadConfig(at)
  const target = resolve(to)
  if (existsSync(target)) {
    throw new Fault('conflict', `${target} exists already; nothing was written.`, {
      next: 'Name a folder that does not exist yet.',
    })
  }
  const part = `${target}.part`
  await rm(part, { recursive: true, force: true })
  const copy = new Copy(part, sizeOf(config.data), onProgress)
  const manifest: Manifest = {
    v: 1,
    organisation: config.organisation,
    version,
    made: new Date().toISOString(),
    // Before the vault: a record is durable before the entry that names it, so every entry finds its own.
    logs: await copyLogs(config, copy),
    files: copy.files,
  }
  await copyVault(config.data, copy)
  await copyAnchors(config.data, copy)
  await copyConfiguration(config, copy)
  await nodeDisk(part).replace(MANIFEST_FILE, encodeManifest(manifest))
  await checkBackup(part, onProgress)
  await rename(part, target)
  return manifest
}

class Copy {
  readonly files: BackedUpFile[] = []
  readonly #disk
  readonly #total: number
  readonly #onProgress: (progress: BackupProgress) => void
  #done = 0

  constructor(folder: string, total: number, onProgress: (progress: BackupProgress) => void) {
    this.#disk = nodeDisk(folder)
    this.#total = total
    this.#onProgress = onProgress
  }

  async add(path: string, bytes: Buffer): Promise<void> {
    await this.#disk.replace(path, bytes)
    this.files.push(describeFile(path, bytes))
    this.#done += bytes.length
    this.#onProgress({ part: 'copy', done: this.#done, total: Math.max(this.#total, this.#done) })
  }
}

async function copyLogs(config: Config, copy: Copy): Promise<BackedUpLog[]> {
  const { data, organisation, signer } = config
  const format = await readFormat(data)
  const logs: BackedUpLog[] = []
  for (const log of [CONTROL_LOG, SESSION_LOG]) {
    const disk = nodeDisk(join(data, PLACES.logs, log))
    const origin = originOf(organisation, log, format.name)
    const former = PLACES.formerSigner
    const { vkeys: own, trust } = await whatWasSigned(
      { data, log, origin, signer, former, vault: undefined },
      [],
    )
    if (trust !== 'signer' && existsSync(join(data, former, log))) {
      throw new Fault(
        'conflict',
        `The key of the log ${log} still lies in the data, where a backup would take it along.`,
        {
          next: 'Start this version once: it moves the keys to the signer.',
        },
      )
    }
    const note = await disk.read(CHECKPOINT_FILE)
    const vkey = own[0] ?? keysSigning((await keysInside(disk)).lives)[0] ?? format.keys?.[log]
    const verifier = vkey === undefined ? undefined : parseVkey(vkey)
    const head = note && verifier && openCheckpoint(note.toString('utf8'), verifier)
    if (note === undefined || vkey === undefined || head === undefined) {
      throw new Fault('unavailable', `The log ${log} has no published head that its key signed.`, {
        next: 'Start the server once, then try again after a second.',
      })
    }
    const place = `data/${PLACES.logs}/${log}`
    for await (const { path, bytes } of signedSegments(disk, log, head.size))
      await copy.add(`${place}/${path}`, bytes)
    await copy.add(`${place}/${CHECKPOINT_FILE}`, note)
    logs.push({ log, origin, vkey, size: head.size, root: head.root.toString('hex') })
  }
  await copy.add(`data/${FORMAT_FILE}`, encodeFormat(format))
  return logs
}

async function copyVault(data: string, copy: Copy): Promise<void> {
  const disk = nodeDisk(join(data, PLACES.vault))
  for (const name of await disk.list('records')) {
    if (name.endsWith(TEMPORARY)) continue
    // What was destroyed since it was listed belongs into no copy.
    const bytes = await disk.read(`records/${name}`)
    if (bytes !== undefined) await copy.add(`data/${PLACES.vault}/records/${name}`, bytes)
  }
}

/** Time stamps, which nobody can ask for a second time. What was witnessed stays behind: it may be ahead of the copied logs. */
async function copyAnchors(data: string, copy: Copy): Promise<void> {
  const disk = nodeDisk(join(data, ANCHORS))
  for (const log of [CONTROL_LOG, SESSION_LOG])
    for (const name of await disk.list(log)) {
      if (name.endsWith(TEMPORARY)) continue
      const bytes = await disk.read(`${log}/${name}`)
      if (bytes !== undefined) await copy.add(`data/${ANCHORS}/${log}/${name}`, bytes)
    }
}

async function copyConfiguration({ file, procedures }: Config, copy: Copy): Promise<void> {
  await copy.add(`configuration/${basename(file)}`, await readFile(file))
  if (!existsSync(procedures)) return
  for (const entry of await readdir(procedures, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    await copy.add(`configuration/procedures/${relative(procedures, path)}`, await readFile(path))
  }
}

/** Bytes of the logs and the vault now; only for showing how far it is. */
function sizeOf(data: string): number {
  const folders = [...[CONTROL_LOG, SESSION_LOG].map(log => join(PLACES.logs, log, 'segments')), PLACES.vault]
  return folders
    .map(folder => join(data, folder))
    .filter(folder => existsSync(folder))
    .flatMap(folder => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile())
    .reduce(
      (sum, entry) =>
        sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
}
