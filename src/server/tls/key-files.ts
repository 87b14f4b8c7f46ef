import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../../kernel/faults.ts'
import type { KeyedCertificate } from './certificates.ts'

/** Reads `<name>.pem` and `<name>.key`; undefined when neither exists. Fault `config.invalid` for half a pair or a key others may read. */
export function readKeyed(folder: string, name: string): KeyedCertificate | undefined {
  const pem = read(join(folder, `${name}.pem`))
  const keyFile = join(folder, `${name}.key`)
  const key = read(keyFile)
  if (pem === undefined && key === undefined) return undefined
  if (pem === undefined || key === undefined)
    throw new Fault('config.invalid', `Only one of ${name}.pem and ${name}.key is in ${folder}`, {
      next: 'Restore the other from your copy; clients have pinned this certificate, so it is not replaced by itself.',
    })
  const mode = statSync(keyFile).mode & 0o777
  if ((mode & 0o077) !== 0)
    throw new Fault(
      'config.invalid',
      `${keyFile} may be read or changed by others (mode ${mode.toString(8)})`,
      { next: `Run \`chmod 600 ${keyFile}\`.` },
    )
  return { pem, key }
}

/** The key is stored before the certificate that names it; both 0600, each atomically. */
export function writeKeyed(folder: string, name: string, { pem, key }: KeyedCertificate): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  replace(join(folder, `${name}.key`), key)
  replace(join(folder, `${name}.pem`), pem)
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Fault('config.invalid', `${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      next: 'Check its owner and mode.',
      cause,
    })
  }
}

function replace(file: string, text: string): void {
  const temporary = `${file}.new`
  const descriptor = openSync(temporary, 'w', 0o600)
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(temporary, file)
}
