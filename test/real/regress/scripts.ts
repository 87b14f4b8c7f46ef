import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../servers/daemon.ts'
import type { Source } from './source.ts'

/** The scripts in the order of parallel_schedule; those that run beside each other there run one after the other here. */
export function schedule(source: Source): readonly string[] {
  const names = readFileSync(join(source.folder, 'parallel_schedule'), 'utf8')
    .split('\n')
    .filter(line => line.startsWith('test:'))
    .flatMap(line => line.slice('test:'.length).trim().split(/\s+/))
  return [...new Set(names)]
}

/** A folder that server and client both read and write: paths in it are the same for every run. */
export interface Stage {
  readonly path: string
  readonly library: string
  remove(): void
}

const CONTRIB = '/usr/lib/postgresql/15/lib'

/** `autoinc` and `refint` come from contrib/spi, `regress` from regress.c. */
export function layOut(source: Source): Stage {
  const folder = temporaryFolder('regress')
  const { path } = folder
  chmodSync(path, 0o755)
  for (const name of ['sql', 'data', 'expected'])
    cpSync(join(source.folder, name), join(path, name), { recursive: true })
  const [library, results] = [join(path, 'lib'), join(path, 'results')]
  mkdirSync(library)
  mkdirSync(results)
  chmodSync(results, 0o777)
  for (const name of ['autoinc.so', 'refint.so']) copyFileSync(join(CONTRIB, name), join(library, name))
  copyFileSync(source.library, join(library, 'regress.so'))
  return { path, library, remove: () => folder.remove() }
}
