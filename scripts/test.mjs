// `npm test`: installs, brings the servers and clients the tests drive, builds (worker threads run from dist), runs all.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bringServers } from './bring-servers.mjs'
import { build, install, root, run } from './setup.mjs'

install()
bringServers()
build()
const report = join(root, 'coverage', 'report.json')
rmSync(report, { force: true })
process.exit(
  run(process.execPath, [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ]),
)
