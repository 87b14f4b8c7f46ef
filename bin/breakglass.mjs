#!/usr/bin/env node
// The installed package is built; in a clone the build comes with `npm start` or `npm test`, or here.
import { existsSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = new URL('../dist/main.js', import.meta.url)

if (!existsSync(main)) {
  const build = new URL('../scripts/build.mjs', import.meta.url)
  const compiler = new URL('../node_modules/typescript/bin/tsc', import.meta.url)
  if (!existsSync(build) || !existsSync(compiler)) {
    process.stderr.write(
      'breakglass: it is not built and cannot be built here.\n  Run `npm ci && npm run build` in its folder.\n',
    )
    process.exit(3)
  }
  process.stderr.write('breakglass: building once …\n')
  const { status } = spawnSync(process.execPath, [fileURLToPath(build)], { stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(3)
}

await import(main.href)
