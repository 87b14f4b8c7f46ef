import type { KeyObject } from 'node:crypto'
import type { Journal } from '../../journal/journal.ts'
import { Fault } from '../../kernel/faults.ts'
import { sshBlob, sshLine } from '../../kernel/ssh-key.ts'
import { keyFile, makeKey, readKey, removeNextKey, TRUSTED } from './key-files.ts'
import { publicOf, SshKeyRing } from './key-ring.ts'
import { keysEvent, knownSshKeys, SSH_KEYS, type SshKeyUse } from './known-keys.ts'

/**
 * The gateway's two ed25519 keys (PKCS #8 PEM, 0600) and those that will follow. Made where nothing names one yet, durable before the log
 * names them; one that the log names and that is gone is never made anew by itself. Keys an administrator has put in place are taken, and
 * the change is on record before the first of them is used. A next key that was withdrawn is removed if it is still there. Fault `config.invalid`.
 */
export async function openSshKeys(folder: string, journal: Journal): Promise<SshKeyRing> {
  const known = journal.state.get(knownSshKeys, SSH_KEYS)
  const open = (use: SshKeyUse): KeyObject => {
    const key = readKey(folder, use, 'now')
    if (key) return key
    if (known) throw gone(folder, use, known[use])
    return makeKey(folder, use, 'now')
  }
  const ca = open('ca')
  const host = open('host')
  const openNext = (use: SshKeyUse): KeyObject | undefined => {
    const key = readKey(folder, use, 'next')
    if (!key || !known?.withdrawn.includes(sshLine(sshBlob(key)))) return key
    removeNextKey(folder, use)
    return undefined
  }
  const [nextHost, nextCa] = [openNext('host'), openNext('ca')]
  const keys = { host, ca, next: { ...(nextHost && { host: nextHost }), ...(nextCa && { ca: nextCa }) } }
  await journal.execute(state => {
    const event = keysEvent(state.get(knownSshKeys, SSH_KEYS), publicOf(keys))
    return { events: event ? [event] : [], result: undefined }
  })
  return new SshKeyRing(folder, journal, keys)
}

function gone(folder: string, use: SshKeyUse, line: string): Fault {
  const file = keyFile(folder, use)
  return new Fault('config.invalid', `${file} is gone, and ${TRUSTED[use]}: the log names ${line}.`, {
    next: `Restore it from your copy. If there is none, replace it on purpose: \`openssl genpkey -algorithm ed25519 -out ${file}\`; then ${AFTERWARDS[use]}.`,
  })
}

const AFTERWARDS = {
  host: 'people sign in again with `breakglass login`',
  ca: 'each target needs the new line of `breakglass target plan`',
} as const
