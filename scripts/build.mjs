// `npm run build`. `--unchecked` leaves the types to somebody else (`npm test` looks at them while the tests run).
import { join } from 'node:path'
import { must, root } from './setup.mjs'

const unchecked = process.argv.includes('--unchecked') ? ['--noCheck'] : []
must(process.execPath, [
  join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
  '-p',
  'tsconfig.build.json',
  ...unchecked,
])
