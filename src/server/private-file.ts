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
import { Fault } from '../kernel/faults.ts'

/** The text of a file that only the server may read; undefined when there is none. Fault `config.invalid`. */
export function readPrivate(file: string): string | undefined {
  const text = readIfThere(file)
  const mode = text === undefined ? 0 : statSync(file).mode & 0o777
  if ((mode & 0o077) !== 0)
    throw new Fault('config.invalid', `${file} may be read or changed by others (mode ${mode.toString(8)})`, {
      next: `Run \`chmod 600 ${file}\`.`,
    })
  return text
}

/** Undefined when there is none. Fault `config.invalid` when it cannot be read. */
export function readIfThere(file: string): string | undefined {
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

/** Durable and in one piece, 0600 in a folder of 0700. */
export function writePrivate(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  const file = join(folder, name)
  const temporary = `${file}.new`
  const descriptor = openSync(temporary, 'w', 0o600)
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(temporary, file)
  syncFolder(folder)
}

/** What was renamed in it survives a loss of power. */
export function syncFolder(folder: string): void {
  const entry = openSync(folder, 'r')
  try {
    fsyncSync(entry)
  } finally {
    closeSync(entry)
  }
}
