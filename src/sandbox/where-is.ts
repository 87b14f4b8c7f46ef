import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** Folders of programs of the system that are not on every PATH. */
const SYSTEM = ['/usr/sbin', '/usr/local/sbin', '/sbin']

/** Absolute path of a program, on PATH, with the system, or in `more`; undefined: it is not here. */
export function whereIs(program: string, more: readonly string[] = []): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM, ...more]
  return folders
    .filter(folder => isAbsolute(folder))
    .map(folder => join(folder, program))
    .find(path => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
