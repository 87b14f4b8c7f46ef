// `npm start [-- --exit]`: the sandbox from a bare clone. `breakglass start` serves a configuration of your own.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build, install, root } from './setup.mjs'

install()
build()
const child = spawn(process.execPath, [join(root, 'dist', 'sandbox', 'main.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
})
// The sandbox ends what it started; we only wait for it.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
