import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { combine, split } from 'shamir-secret-sharing'
import { sameBytes, sha256 } from '../../kernel/bytes.ts'
import { Fault } from '../../kernel/faults.ts'

/** systemd puts credentials of a service into $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential=). */
export const CREDENTIAL = 'breakglass-vault-key'

const KEY = 32
const HEX_KEY = /^[0-9a-f]{64}$/
const DIGEST = 4

export interface VaultKeyPlace {
  /** Environment of the process; CREDENTIALS_DIRECTORY is looked at first. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** File with 64 hex digits, mode 0600 or stricter, outside `data`. */
  readonly file: string
  readonly data: string
}

/** The key of the vault at boot: the systemd credential, else the file. Fault `config.invalid` says what is wrong with it. */
export async function readVaultKey({ env, file, data }: VaultKeyPlace): Promise<Buffer> {
  const folder = env['CREDENTIALS_DIRECTORY']
  if (folder !== undefined) {
    const credential = await readKeyFile(join(folder, CREDENTIAL))
    // The folder belongs to systemd, which answers for its mode.
    if (credential !== undefined) return parseKey(credential.text, `the credential ${CREDENTIAL}`)
  }
  outside(file, data)
  const found = await readKeyFile(file)
  if (found === undefined) {
    throw new Fault(
      'config.invalid',
      `There is no vault key: neither the credential ${CREDENTIAL} nor ${file} exists.`,
      {
        next: 'Run `breakglass init`, or put the key back from its recovery shares.',
      },
    )
  }
  if ((found.mode & 0o077) !== 0) {
    throw new Fault(
      'config.invalid',
      `The vault key ${file} can be read by others (mode ${(found.mode & 0o777).toString(8)}).`,
      {
        next: `Run \`chmod 600 ${file}\`, and rotate the key if somebody else may have read it.`,
      },
    )
  }
  return parseKey(found.text, file)
}

/** Makes a new key file, durably; never replaces one. Fault `conflict` when it exists. */
export async function createVaultKey({ file, data }: Pick<VaultKeyPlace, 'file' | 'data'>): Promise<Buffer> {
  outside(file, data)
  const key = randomBytes(KEY)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const handle = await open(file, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause
    throw new Fault('conflict', `The vault key ${file} exists already.`, {
      next: 'Keep it: what it sealed opens with nothing else.',
    })
  })
  try {
    await handle.writeFile(`${key.toString('hex')}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  const folder = await open(dirname(file), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
  return key
}

/**
 * Splits the key: any `threshold` of `shares` rebuild it, fewer tell nothing. Each share is one line of text. Too few
 * shares combine to a wrong key without an error, so the key travels with the first bytes of its digest.
 */
export async function makeShares(key: Buffer, shares: number, threshold: number): Promise<readonly string[]> {
  const parts = await split(plainBytes(Buffer.concat([key, digest(key)])), shares, threshold)
  return parts.map((part, i) => `bgshare1-${threshold}-${i + 1}-${Buffer.from(part).toString('hex')}`)
}

const SHARE = /^bgshare1-(\d{1,3})-(\d{1,3})-([0-9a-f]+)$/

/** Fault `input.invalid` when the shares are malformed, too few, or not of one key. */
export async function recoverKey(shares: readonly string[]): Promise<Buffer> {
  const parts = new Map<string, Buffer>()
  let threshold = 0
  for (const share of shares) {
    const found = SHARE.exec(share.trim())
    if (found === null) throw refusedShares('One of the shares is not a recovery share.')
    threshold = Math.max(threshold, Number(found[1]))
    parts.set(found[3] ?? '', Buffer.from(found[3] ?? '', 'hex'))
  }
  if (parts.size < Math.max(threshold, 2))
    throw refusedShares(`${parts.size} different shares were given; ${threshold} are needed.`)
  const whole = await combine([...parts.values()].map(plainBytes)).then(
    bytes => Buffer.from(bytes),
    () => Buffer.alloc(0),
  )
  const key = whole.subarray(0, KEY)
  if (whole.length !== KEY + DIGEST || !sameBytes(whole.subarray(KEY), digest(key))) {
    throw refusedShares('The shares do not belong to one key, or one of them was changed.')
  }
  return Buffer.from(key)
}

/** The library refuses subclasses of Uint8Array, Buffer among them. */
function plainBytes(bytes: Buffer): Uint8Array {
  return Uint8Array.from(bytes)
}

function digest(key: Buffer): Buffer {
  return sha256('breakglass vault key\n', key).subarray(0, DIGEST)
}

function refusedShares(message: string): Fault {
  return new Fault('input.invalid', message, {
    next: 'Give as many different shares of one set as its threshold says.',
  })
}

async function readKeyFile(
  file: string,
): Promise<{ readonly text: string; readonly mode: number } | undefined> {
  let handle
  try {
    handle = await open(file, constants.O_RDONLY)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const { mode } = await handle.stat()
    return { text: await handle.readFile('utf8'), mode }
  } finally {
    await handle.close()
  }
}

function parseKey(text: string, where: string): Buffer {
  if (!HEX_KEY.test(text.trim())) {
    throw new Fault('config.invalid', `The vault key in ${where} is not 64 hex digits.`, {
      next: 'Put the key back from its recovery shares.',
    })
  }
  return Buffer.from(text.trim(), 'hex')
}

/** A copy of the data folder must not carry the key that opens it. */
function outside(file: string, data: string): void {
  const way = relative(resolve(data), resolve(file))
  if (way === '' || (way !== '..' && !way.startsWith(`..${sep}`))) {
    throw new Fault('config.invalid', `The vault key ${file} lies inside the data folder ${data}.`, {
      next: 'Keep it elsewhere: a copy of the data must not carry its key.',
    })
  }
}
