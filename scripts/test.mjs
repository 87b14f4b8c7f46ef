// `npm test`: installs, brings the servers and clients the tests drive, builds (worker threads run from dist), runs all.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { bringServers } from './bring-servers.mjs'
import { build, install, root } from './setup.mjs'

const began = performance.now()
const servers = bringServers()
install()
build('--unchecked')
await servers
console.log(
  `Ready after ${((performance.now() - began) / 1000).toFixed(0)} s; the types are looked at meanwhile.`,
)

const report = join(root, 'coverage', 'report.json')
rmSync(report, { force: true })
const types = checkTypes()
const tests = spawn(
  process.execPath,
  [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
)
const [status] = await once(tests, 'exit')
const { code, said } = await types
if (code !== 0) console.log(`The types do not hold:\n${said}`)
process.exit(status === 0 && code === 0 ? 0 : 1)

/** The types of what was built, in what the tests leave of the machine: a minute of one core in which nobody waits. */
async function checkTypes() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const child = spawn(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--noEmit'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  setPriority(child.pid, 10)
  let said = ''
  child.stdout.on('data', chunk => (said += chunk))
  const [code] = await once(child, 'close')
  return { code, said }
}
