import { join } from 'node:path'
import { Fault } from '../../kernel/faults.ts'
import { readIfThere, readPrivate, writePrivate } from '../private-file.ts'
import type { KeyedCertificate } from './certificates.ts'

/** Reads `<name>.pem` and `<name>.key`; undefined when neither exists. Fault `config.invalid` for half a pair or a key others may read. */
export function readKeyed(folder: string, name: string): KeyedCertificate | undefined {
  const pem = readIfThere(join(folder, `${name}.pem`))
  const key = readPrivate(join(folder, `${name}.key`))
  if (pem === undefined && key === undefined) return undefined
  if (pem === undefined || key === undefined)
    throw new Fault('config.invalid', `Only one of ${name}.pem and ${name}.key is in ${folder}`, {
      next: 'Restore the other from your copy; clients have pinned this certificate, so it is not replaced by itself.',
    })
  return { pem, key }
}

/** The key is stored before the certificate that names it; both 0600, each atomically. */
export function writeKeyed(folder: string, name: string, { pem, key }: KeyedCertificate): void {
  writePrivate(folder, `${name}.key`, key)
  writePrivate(folder, `${name}.pem`, pem)
}
