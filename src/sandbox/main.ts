import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Fault, isFault } from '../kernel/faults.ts'
import { runSandbox } from './run.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

function wishes(): { readonly exit: boolean; readonly seconds: number; readonly folder: string } {
  const usage = { next: 'Usage: npm start -- [--exit] [--seconds 12] [--folder .sandbox]' }
  try {
    const { values } = parseArgs({
      options: {
        /** Stop after the timeline. */
        exit: { type: 'boolean', default: false },
        /** How long her grants last; a slow machine takes more. */
        seconds: { type: 'string', default: '12' },
        /** Where everything is kept; what is there is replaced. */
        folder: { type: 'string', default: join(root, '.sandbox') },
      },
    })
    const seconds = Number(values.seconds)
    if (seconds >= 5) return { ...values, seconds }
  } catch (cause) {
    throw new Fault('input.invalid', cause instanceof Error ? cause.message : String(cause), usage)
  }
  throw new Fault('input.invalid', '--seconds takes a number from 5 on.', usage)
}

try {
  await runSandbox({ ...wishes(), version })
  process.exit(0)
} catch (error) {
  if (!isFault(error)) console.error(error)
  else
    console.error(`\n${error.message}${error.next === undefined ? '' : `\n${error.next}`}`, error.cause ?? '')
  process.exit(1)
}
