// `npm run bench [-- name…]`: every bench, or those named; results with the machine described go to bench/results/.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bringServers } from './bring-servers.mjs'
import { build, install, root, run } from './setup.mjs'

const PARTS = [
  'machine',
  'bare-gateway',
  'gateway-process',
  'own-process',
  'ledger-backlog',
  'ledger-log',
  'ledger-writers',
  'ledger-proofs',
  'ledger-start',
  'ssh-crowd',
]
install()
await bringServers()
build()
const known = readdirSync(join(root, 'bench'))
  .filter(name => name.endsWith('.ts'))
  .map(name => name.slice(0, -3))
  .filter(name => !PARTS.includes(name))
const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !known.includes(name))
if (unknown.length > 0) {
  console.error(`No bench ${unknown.join(', ')}. There are: ${known.join(', ')}.`)
  process.exit(2)
}
let failed = 0
for (const name of wanted.length > 0 ? wanted : known) {
  console.log(`\n== ${name}`)
  if (
    run(process.execPath, [
      '--import',
      join(root, 'scripts', 'typescript.mjs'),
      join(root, 'bench', `${name}.ts`),
    ]) !== 0
  )
    failed++
}
process.exit(failed === 0 ? 0 : 1)
