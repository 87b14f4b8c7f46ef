import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isFault } from '../kernel/faults.ts'
import { runSandbox } from './run.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

const { values } = parseArgs({
  options: {
    /** Stop after the timeline. */
    exit: { type: 'boolean', default: false },
    /** Where everything is kept; what is there is replaced. */
    folder: { type: 'string', default: join(root, '.sandbox') },
  },
})

try {
  await runSandbox({ folder: values.folder, exit: values.exit, version })
  process.exit(0)
} catch (error) {
  if (!isFault(error)) console.error(error)
  else
    console.error(`\n${error.message}${error.next === undefined ? '' : `\n${error.next}`}`, error.cause ?? '')
  process.exit(1)
}
