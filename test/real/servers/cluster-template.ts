import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const KEPT = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'breakglass')
const copy = (from: string, to: string) => promisify(execFile)('cp', ['-a', from, to])

/**
 * A fresh cluster at `data`: `initdb` takes a second of a core and gives the same every time, so it is run once for each
 * server program and kept, and everybody gets a copy. `kind` names what else it depends on.
 */
export async function freshCluster(
  data: string,
  initdb: string,
  kind: string,
  make: () => Promise<void>,
): Promise<void> {
  const { size, mtimeMs } = statSync(initdb)
  const kept = join(KEPT, `cluster-${kind}-${size}-${Math.trunc(mtimeMs)}`)
  if (existsSync(kept)) {
    await copy(kept, data)
    return
  }
  await make()
  mkdirSync(KEPT, { recursive: true })
  const mine = `${kept}.${process.pid}`
  await copy(data, mine)
  try {
    renameSync(mine, kept)
  } catch {
    // Another worker was first; it has the same.
    rmSync(mine, { recursive: true })
  }
}
