// `npm run soak [-- name…]`: what takes too long for `npm test`: every *.soak.ts, or those whose path contains a name.
import { join } from 'node:path'
import { bringServers } from './bring-servers.mjs'
import { build, install, root, run } from './setup.mjs'

install()
await bringServers()
build()
process.exit(
  run(process.execPath, [
    join(root, 'node_modules', 'vitest', 'vitest.mjs'),
    'run',
    '--config',
    join(root, 'vitest.soak.config.ts'),
    ...process.argv.slice(2),
  ]),
)
