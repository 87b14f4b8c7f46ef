import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import type { Journal } from '../../journal/journal.ts'
import { Fault } from '../../kernel/faults.ts'
import { sshBlob, sshLine } from '../../kernel/ssh-key.ts'
import { readPrivate, writePrivate } from '../private-file.ts'
import { keysEvent, knownSshKeys, SSH_KEYS, type SshPublicKeys } from './known-keys.ts'

export interface SshKeys {
  /** Shows clients that this is the gateway. */
  readonly host: KeyObject
  /** Signs the certificates of sessions: whoever has it gets into every target that trusts it. */
  readonly ca: KeyObject
  readonly public: SshPublicKeys
}

const FILES = { host: 'ssh-host.key', ca: 'ssh-ca.key' } as const
const TRUSTED = { host: 'clients have pinned it', ca: 'targets trust it' } as const
type Use = keyof typeof FILES

/**
 * The gateway's two ed25519 keys (PKCS #8 PEM, 0600). Made where nothing names one yet, durable before the log names them; one that
 * the log names and that is gone is never made anew by itself. Keys an administrator has put in place are taken, and the change is
 * on record before the first of them is used. Fault `config.invalid`.
 */
export async function openSshKeys(folder: string, journal: Journal): Promise<SshKeys> {
  const known = journal.state.get(knownSshKeys, SSH_KEYS)
  const open = (use: Use): KeyObject => {
    const key = read(folder, use)
    if (key) return key
    if (known) throw gone(folder, use, known[use])
    return make(folder, use)
  }
  const ca = open('ca')
  const host = open('host')
  const found = { host: sshLine(sshBlob(host)), ca: sshLine(sshBlob(ca)) }
  await journal.execute(state => {
    const event = keysEvent(state.get(knownSshKeys, SSH_KEYS), found)
    return { events: event ? [event] : [], result: undefined }
  })
  return { host, ca, public: found }
}

function read(folder: string, use: Use): KeyObject | undefined {
  const file = join(folder, FILES[use])
  const pem = readPrivate(file)
  if (pem === undefined) return undefined
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // Told below: what is wrong with it in detail would print parts of it.
  }
  throw new Fault('config.invalid', `${file} is no ed25519 key in PKCS #8 PEM.`, {
    next: `Restore it from your copy, as ${TRUSTED[use]}.`,
  })
}

function make(folder: string, use: Use): KeyObject {
  const key = generateKeyPairSync('ed25519').privateKey
  writePrivate(folder, FILES[use], key.export({ type: 'pkcs8', format: 'pem' }) as string)
  return key
}

function gone(folder: string, use: Use, line: string): Fault {
  const file = join(folder, FILES[use])
  return new Fault('config.invalid', `${file} is gone, and ${TRUSTED[use]}: the log names ${line}.`, {
    next: `Restore it from your copy. If there is none, replace it on purpose: \`openssl genpkey -algorithm ed25519 -out ${file}\`; then ${AFTERWARDS[use]}.`,
  })
}

const AFTERWARDS = {
  host: 'people sign in again with `breakglass login`',
  ca: 'each target needs the new line of `breakglass target plan`',
} as const
