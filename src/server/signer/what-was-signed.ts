import { join, relative } from 'node:path'
import { isFault } from '../../kernel/faults.ts'
import type { Disk } from '../../ledger/disk.ts'
import { noteSigner } from '../../ledger/note/note.ts'
import { readKeys, signerFolder } from '../../ledger/signer/signer-keep.ts'
import { signersOf } from '../../ledger/signer/signer-keys.ts'
import type { Finding } from '../../ledger/verify/finding.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import type { Vault } from '../../store/file/vault.ts'

export interface WhatWasSigned {
  /** Of the keys that sign, the oldest first. Empty: no key of this log is at hand. */
  readonly vkeys: readonly string[]
  readonly trust: 'signer' | 'vault' | 'itself'
  /** Where the memory lies. */
  readonly disk: Disk
  /** That folder, relative to the data. */
  readonly place: string
}

export interface WhereSigned {
  readonly data: string
  readonly log: string
  readonly origin: string | undefined
  /** The signer's directory; undefined when it is not known. */
  readonly signer: string | undefined
  /** Folder of memories inside the data, as before the guarded signer. */
  readonly former: string
  readonly vault: Vault | undefined
}

/**
 * Key and memory of a log for whoever looks at a stopped server: from the signer's directory, else from where data of
 * before it kept them. What cannot be read there is a finding. Changes nothing.
 */
export async function whatWasSigned(where: WhereSigned, findings: Finding[]): Promise<WhatWasSigned> {
  const { data, log, origin, signer, former, vault } = where
  if (signer !== undefined && origin !== undefined) {
    const folder = join(signer, signerFolder(origin))
    const disk = nodeDisk(folder)
    const place = relative(data, folder)
    try {
      const keys = await readKeys(disk, origin)
      if (keys) return { vkeys: signersOf(keys).map(({ vkey }) => vkey), trust: 'signer', disk, place }
    } catch (error) {
      if (!isFault(error)) throw error
      findings.push({ file: join(place, String(error.facts['file'])), what: error.message })
      return { vkeys: [], trust: 'itself', disk, place }
    }
  }
  const folder = join(data, former, log)
  const before = { disk: nodeDisk(folder), place: join(former, log) }
  // A record that does not open is reported by the vault's own verification.
  const seed = origin && (await vault?.get(`signing/${log}`).catch(() => undefined))
  return seed
    ? { ...before, vkeys: [noteSigner(origin, seed).vkey], trust: 'vault' }
    : { ...before, vkeys: [], trust: 'itself' }
}
