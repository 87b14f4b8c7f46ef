import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isFault } from '../kernel/faults.ts'
import { runSandbox } from './run.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

try {
  await runSandbox({ folder: join(root, '.sandbox'), exit: process.argv.includes('--exit'), version })
  process.exit(0)
} catch (error) {
  if (!isFault(error)) console.error(error)
  else
    console.error(`\n${error.message}${error.next === undefined ? '' : `\n${error.next}`}`, error.cause ?? '')
  process.exit(1)
}
