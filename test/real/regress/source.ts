import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** PostgreSQL's own tests, as Debian keeps its source; never part of this repository. */
export interface Source {
  /** Debian's version of the package, also that of the server the scripts run on. */
  readonly version: string
  /** src/test/regress: sql, expected, data, parallel_schedule. */
  readonly folder: string
  /** C functions that the scripts declare, built from regress.c. */
  readonly library: string
  /** Built from src/test/modules/libpq_pipeline. */
  readonly pipeline: string
}

const APT_SOURCES = '/etc/apt/sources.list.d'
const WANTED = ['*/src/test/regress', '*/src/test/modules/libpq_pipeline']

/** The sources, from the cache of the account or by apt; otherwise a sentence that says why they cannot be had. */
export async function bringSource(): Promise<Source | string> {
  const version = await installedVersion()
  if (version === undefined) return 'PostgreSQL 15 is not a Debian package here: apt-get install postgresql'
  const home = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'breakglass-tests')
  const folder = join(home, `postgresql-15_${version}`)
  if (!existsSync(folder)) {
    mkdirSync(home, { recursive: true })
    const work = mkdtempSync(join(home, 'fetching-'))
    try {
      await fetchAndBuild(version, work)
      renameSync(join(work, 'ready'), folder)
    } catch (cause) {
      const { stderr, message } = cause as { stderr?: string; message: string }
      if (!existsSync(folder))
        return `the source of postgresql-15 ${version} cannot be had: ${stderr || message}`
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  }
  return {
    version,
    folder: join(folder, 'regress'),
    library: join(folder, 'regress.so'),
    pipeline: join(folder, 'libpq_pipeline'),
  }
}

async function installedVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await execute('dpkg-query', ['-W', '-f=${Version}', 'postgresql-15'])
    return stdout.trim() || undefined
  } catch {
    return undefined
  }
}

/** Everything in `work`, which becomes the cache only when it is complete. The machine's own apt is read, never changed. */
async function fetchAndBuild(version: string, work: string): Promise<void> {
  const inWork = (name: string) => {
    const path = join(work, name)
    mkdirSync(path, { recursive: true })
    return path
  }
  writeSourceEntries(inWork('sources'))
  inWork('lists/partial')
  inWork('cache/archives/partial')
  const options = {
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': join(work, 'sources'),
    'Dir::State::lists': join(work, 'lists'),
    'Dir::Cache': join(work, 'cache'),
    'APT::Sandbox::User': '',
  }
  const given = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const apt = (...args: readonly string[]) =>
    execute('apt-get', ['-q', ...given, ...args], { cwd: work, timeout: 300_000 })
  await apt('update')
  await apt('source', '--download-only', `postgresql-15=${version}`)
  await apt('download', `postgresql-server-dev-15=${version}`)

  const [tar, deb] = [/\.orig\.tar\.\w+$/, /\.deb$/].map(
    name => readdirSync(work).find(file => name.test(file)) ?? '',
  )
  const unpacked = inWork('source')
  await execute('tar', [
    'xf',
    join(work, tar ?? ''),
    '-C',
    unpacked,
    '--strip-components=1',
    '--wildcards',
    ...WANTED,
  ])
  const dev = join(work, 'dev')
  await execute('dpkg-deb', ['-x', join(work, deb ?? ''), dev])

  const ready = inWork('ready')
  cpSync(join(unpacked, 'src/test/regress'), join(ready, 'regress'), { recursive: true })
  await build(join(unpacked, 'src/test'), dev, ready)
}

async function build(source: string, dev: string, ready: string): Promise<void> {
  const include = ['server', 'internal'].map(
    name => `-I${join(dev, 'usr/include/postgresql', name === 'server' ? '15/server' : name)}`,
  )
  const flags = ['-O1', ...include, '-I/usr/include/postgresql']
  await execute('gcc', [
    ...flags,
    '-shared',
    '-fPIC',
    '-o',
    join(ready, 'regress.so'),
    join(source, 'regress/regress.c'),
  ])
  await execute('gcc', [
    ...flags,
    '-o',
    join(ready, 'libpq_pipeline'),
    join(source, 'modules/libpq_pipeline/libpq_pipeline.c'),
    `-L${join(dev, 'usr/lib/postgresql/15/lib')}`,
    '-lpgcommon',
    '-lpgport',
    '-lpq',
  ])
}

/** Debian's entries of this machine with the source packages beside the binary ones. */
function writeSourceEntries(folder: string): void {
  const own = existsSync(APT_SOURCES) ? readdirSync(APT_SOURCES).map(name => join(APT_SOURCES, name)) : []
  let count = 0
  for (const file of [...own, '/etc/apt/sources.list'].filter(path => existsSync(path))) {
    const text = readFileSync(file, 'utf8')
    if (!/^(URIs:|deb\s).*\bdebian\b/m.test(text)) continue
    const both = text
      .replace(/^Types: deb$/gm, 'Types: deb deb-src')
      .replace(/^deb(\s.*)$/gm, 'deb$1\ndeb-src$1')
    const name = file.endsWith('.sources') ? `own${count++}.sources` : `own${count++}.list`
    writeFileSync(join(folder, name), both)
  }
}
