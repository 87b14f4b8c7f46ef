import { join } from 'node:path'
import { sha256Hex } from '../../kernel/bytes.ts'
import { Fault } from '../../kernel/faults.ts'
import { verifyLog } from '../../ledger/verify/verify-log.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import { PLACES } from '../open-store.ts'
import { decodeManifest, type Manifest, MANIFEST_FILE } from './manifest.ts'

export interface BackupProgress {
  /** `copy`, `verify`, `restore`. */
  readonly part: string
  /** Bytes. */
  readonly done: number
  readonly total: number
}

/**
 * Reads a whole backup again: every file against the manifest, every log against its signed head. Faults: `not_found` when there
 * is none, `ledger.damaged` names the first file that is not what was written.
 */
export async function checkBackup(
  folder: string,
  onProgress: (progress: BackupProgress) => void,
): Promise<Manifest> {
  const disk = nodeDisk(folder)
  const bytes = await disk.read(MANIFEST_FILE)
  if (bytes === undefined) {
    throw new Fault('not_found', `${folder} holds no backup: there is no ${MANIFEST_FILE}.`, {
      next: 'Name the folder that `breakglass backup` made.',
    })
  }
  const manifest = decodeManifest(bytes)
  if (manifest === undefined) throw damaged(folder, MANIFEST_FILE, 'it cannot be read')
  const total = manifest.files.reduce((sum, file) => sum + file.bytes, 0)
  let done = 0
  for (const { path, sha256 } of manifest.files) {
    const found = await disk.read(path)
    if (found === undefined) throw damaged(folder, path, 'it is missing')
    if (sha256Hex(found) !== sha256) throw damaged(folder, path, 'it is not what was written')
    done += found.length
    onProgress({ part: 'verify', done, total })
  }
  for (const { log, vkey, size, root } of manifest.logs) {
    const at = `data/${PLACES.logs}/${log}`
    const verified = await verifyLog({ disk: nodeDisk(join(folder, at)), vkey })
    // Tiles are derived and are not copied: a restored log makes them again.
    const [finding] = verified.findings.filter(({ file }) => !file.startsWith('tile/'))
    if (finding !== undefined) throw damaged(folder, `${at}/${finding.file}`, finding.what)
    if (verified.size !== size || verified.root.toString('hex') !== root)
      throw damaged(folder, at, 'its entries are not those of its signed head')
  }
  return manifest
}

function damaged(folder: string, path: string, what: string): Fault {
  return new Fault('ledger.damaged', `The backup ${folder} is damaged: ${path}: ${what}.`, {
    next: 'Use another backup; nothing was changed.',
    facts: { file: path },
  })
}
