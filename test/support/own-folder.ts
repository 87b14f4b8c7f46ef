import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What the tests of one run leave in temporary folders goes with the run: all of it lies in a folder of its own. */
export default function ownFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'bg-'))
  // Servers run under accounts of their own.
  chmodSync(folder, 0o1777)
  process.env['TMPDIR'] = folder
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
