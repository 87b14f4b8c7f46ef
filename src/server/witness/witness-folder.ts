import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../../kernel/faults.ts'
import { decodeBase64 } from '../../ledger/note/base64.ts'
import { type NoteVerifier, parseVkey } from '../../ledger/note/note.ts'
import { isKeyName } from '../../ledger/note/verifier-key.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'

const KEY_FILE = 'key'
export const LOGS_FILE = 'logs'
const SEED_BYTES = 32

/** The key of a witness. It and the memory beside it belong together: a witness that lost either gets a new name. */
export interface WitnessKey {
  readonly name: string
  readonly seed: Buffer
  /** Made just now. */
  readonly fresh: boolean
}

/**
 * Reads the key in `folder`, or makes one under `name` and keeps it (mode 0600) before it is used. Faults `input.invalid`: no
 * name at the first start, or another than the key has; `config.invalid`: the file is no key, or others may read it.
 */
export async function witnessKey(folder: string, name: string | undefined): Promise<WitnessKey> {
  const file = join(folder, KEY_FILE)
  if (existsSync(file)) {
    const [kept = '', encoded = ''] = readFileSync(file, 'utf8').split('\n')
    const seed = decodeBase64(encoded)
    if (!isKeyName(kept) || seed?.length !== SEED_BYTES)
      throw new Fault('config.invalid', `${file} is no key of a witness.`, {
        next: 'Restore it; with a new key everybody who trusts this witness must be given the new one.',
      })
    if ((statSync(file).mode & 0o077) !== 0)
      throw new Fault('config.invalid', `${file} may be read or changed by others.`, {
        next: `Run \`chmod 600 ${file}\`; if somebody may have read it, start a witness under a new name.`,
      })
    if (name !== undefined && name !== kept)
      throw new Fault('input.invalid', `The witness in ${folder} is called ${kept}, not ${name}.`, {
        next: 'Leave --name out, or take another folder for another witness.',
      })
    return { name: kept, seed, fresh: false }
  }
  if (name === undefined || !isKeyName(name))
    throw new Fault('input.invalid', `${folder} holds no witness yet, and a new one needs a name.`, {
      next: 'Give --name, a host and path without https://, such as witness.example.com/w1; it is kept for ever.',
    })
  const seed = randomBytes(SEED_BYTES)
  await nodeDisk(folder).replace(KEY_FILE, Buffer.from(`${name}\n${seed.toString('base64')}\n`))
  return { name, seed, fresh: true }
}

/** Verifier keys, one per line; `#` begins a comment. Fault `input.invalid` names the line. `from`: what the text was. */
export function followedLogs(text: string, from: string): readonly NoteVerifier[] {
  return text.split('\n').flatMap((line, i) => {
    const vkey = line.replace(/^#.*/, '').trim()
    if (vkey === '') return []
    const verifier = parseVkey(vkey)
    if (verifier !== undefined) return [verifier]
    throw new Fault(
      'input.invalid',
      `${from}:${i + 1}: ${JSON.stringify(vkey.slice(0, 80))} is no key of a log.`,
      {
        next: 'Copy it whole: NAME+KEYID+BASE64 of type 0x01, as entry 0 of the log says it.',
      },
    )
  })
}
