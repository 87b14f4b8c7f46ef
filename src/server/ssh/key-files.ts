import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../../kernel/faults.ts'
import { readPrivate, syncFolder, writePrivate } from '../private-file.ts'
import type { SshKeyUse } from './known-keys.ts'

/** Which of the two of a use: the one in use, or the one that comes after it. */
export type Turn = 'now' | 'next'

const FILES = {
  now: { host: 'ssh-host.key', ca: 'ssh-ca.key' },
  next: { host: 'ssh-host.next.key', ca: 'ssh-ca.next.key' },
} as const
export const TRUSTED = { host: 'clients have pinned it', ca: 'targets trust it' } as const

export function keyFile(folder: string, use: SshKeyUse, turn: Turn = 'now'): string {
  return join(folder, FILES[turn][use])
}

/** Undefined when there is none. Fault `config.invalid`. */
export function readKey(folder: string, use: SshKeyUse, turn: Turn): KeyObject | undefined {
  const file = keyFile(folder, use, turn)
  const pem = readPrivate(file)
  if (pem === undefined) return undefined
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Told below: what is wrong with it in detail would print parts of it.
  }
  throw new Fault('config.invalid', `${file} is no ed25519 key in PKCS #8 PEM.`, {
    next:
      turn === 'next'
        ? 'Remove it, and make another with `breakglass ssh-keys next`.'
        : `Restore it from your copy, as ${TRUSTED[use]}.`,
  })
}

/** Durable when it returns. */
export function makeKey(folder: string, use: SshKeyUse, turn: Turn): KeyObject {
  const key = generateKeyPairSync('ed25519').privateKey
  writePrivate(folder, FILES[turn][use], key.export({ type: 'pkcs8', format: 'pem' }) as string)
  return key
}

/** Nothing of it stays. Durable when it returns. */
export function removeNextKey(folder: string, use: SshKeyUse): void {
  rmSync(keyFile(folder, use, 'next'), { force: true })
  syncFolder(folder)
}

/** The next key takes the place of the one in use, of which nothing stays. Durable when it returns. */
export function promoteKey(folder: string, use: SshKeyUse): void {
  renameSync(keyFile(folder, use, 'next'), keyFile(folder, use))
  syncFolder(folder)
}
