// The gate, the same here and in CI: format, typed lint, types, architecture, dead exports, tests.
import { join } from 'node:path'
import { install, root, run } from './setup.mjs'

install()
const bin = name => join(root, 'node_modules', '.bin', name)
/** @type {[name: string, command: string, args: string[]][]} */
const steps = [
  ['format', bin('biome'), ['format', '.']],
  ['types', bin('tsc'), ['-p', '.']],
  ['lint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
  ['architecture', bin('depcruise'), ['--config', 'architecture/dependency-cruiser.cjs', 'src']],
  ['dead exports', bin('knip'), []],
  ['tests', process.execPath, [join(root, 'scripts', 'test.mjs')]],
]
const only = process.argv.slice(2)
let failed = 0
for (const [name, command, args] of steps) {
  if (only.length > 0 && !only.includes(name)) continue
  console.log(`\n== ${name}`)
  if (run(command, args) !== 0) {
    failed++
    console.log(`== ${name}: failed`)
  }
}
console.log(failed === 0 ? '\ncheck: all green' : `\ncheck: ${failed} step(s) failed`)
process.exit(failed === 0 ? 0 : 1)
