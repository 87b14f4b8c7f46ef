/** What `npm start` runs: one emergency from the incident to the signed reviews, told as it happens, and evidence that stays. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { PATIENCE_MS } from '../support/wait.ts'
import { breakglass, isBuilt } from './breakglass.ts'
import { temporaryFolder } from './servers/daemon.ts'
import { missing } from './servers/missing.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'sandbox', 'main.js')
const host = missing('sshd', 'ssh', 'ssh-keygen').length === 0
const folder = temporaryFolder('sandbox')
const temporary = mkdtempSync(join(tmpdir(), 'bg-home-'))
// The database runs as nobody in particular where we are root.
chmodSync(temporary, 0o711)
afterAll(() => {
  folder.remove()
  rmSync(temporary, { recursive: true })
})

it.skipIf(!isBuilt)(
  'tells the whole of it, ends what it started, and leaves what anybody can verify',
  async () => {
    const child = spawn(process.execPath, [MAIN, '--exit', '--seconds', '30', '--folder', folder.path], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let told = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (told += String(chunk)))
    const [code] = (await once(child, 'close')) as [number | null]
    expect(told).toMatch(/refused delete from orders/)
    expect(told).toMatch(/its login is dropped/)
    expect(told).toMatch(/orders-db: 6 sessions, 6 actions, 1 refused/)
    if (host) {
      expect(told).toMatch(/no live upstreams: 502/)
      expect(told).toMatch(/breakglass: refused: rm -rf .\/logs is, or may be, rm \*/)
      expect(told).toMatch(/nothing of it runs at the host any more/)
      expect(told).toMatch(/web-1: 3 sessions, 3 actions, 1 refused/)
    } else expect(told).toMatch(/no web server: .* not found/)
    expect(told.match(/the grant is closed/g)).toHaveLength(host ? 2 : 1)
    expect(code).toBe(0)
    // The servers had their data there.
    expect(readdirSync(temporary)).toEqual([])

    const verified = await breakglass({ url: 'http://localhost:1' }, [
      'ledger',
      'verify',
      join(folder.path, 'data'),
    ])
    expect(verified).toMatchObject({ code: 0 })
  },
  6 * PATIENCE_MS,
)
