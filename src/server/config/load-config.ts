import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Fault } from '../../kernel/faults.ts'
import type { Config } from './config.ts'
import { crossCheck, normalise } from './normalise.ts'
import { parseConfig } from './parse-config.ts'
import { configFault } from './problem.ts'

const FILE = 'breakglass.yaml'

/**
 * Reads the configuration at `path`, a file or a folder that holds `breakglass.yaml`. No secret is read. Fault
 * `config.invalid` names file, line and column of everything that is wrong.
 */
export function loadConfig(path: string): Config {
  const file = isFolder(path) ? join(resolve(path), FILE) : resolve(path)
  const { written, locate } = parseConfig(read(file), file)
  const disagreements = crossCheck(written, file)
  if (disagreements.length > 0) throw configFault(locate(disagreements))
  return normalise(written, file)
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error'
    throw new Fault('config.invalid', `${file} cannot be read (${code})`, {
      next:
        code === 'ENOENT'
          ? 'Run `breakglass init` in an empty folder, or name the folder with --config.'
          : 'Check its owner and mode.',
      cause,
    })
  }
}
