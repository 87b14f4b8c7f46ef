import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../kernel/faults.ts'

export const DEFAULT_URL = 'http://localhost:7070'

/** What the command line remembers of one server. */
export interface Profile {
  readonly url: string
  readonly token: string
  readonly handle: string
  /** UTC, RFC 3339. */
  readonly expires_at: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** `$XDG_STATE_HOME/breakglass`, else `~/.local/state/breakglass` (XDG Base Directory Specification). */
export function stateFolder(env: Environment): string {
  const base = env['XDG_STATE_HOME']
  return join(
    base !== undefined && base.startsWith('/') ? base : join(homedir(), '.local', 'state'),
    'breakglass',
  )
}

/** The server to talk to: the argument, BREAKGLASS_URL, the server of the last sign-in, the default. Fault `input.invalid`. */
export function serverUrl(given: string | undefined, env: Environment): string {
  const text = given ?? env['BREAKGLASS_URL'] ?? lastServer(env) ?? DEFAULT_URL
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new Fault('input.invalid', `${JSON.stringify(text)} is no address of a server.`, {
      next: 'Write it as https://breakglass.acme.example.',
    })
  }
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local))
    throw new Fault(
      'input.invalid',
      `${url.origin} is not https: the token would cross the network readable.`,
      { next: 'Use https; plain http works for localhost only.' },
    )
  return url.origin
}

export function readProfile(url: string, env: Environment): Profile | undefined {
  const file = fileOf(url, env, 'json')
  const text = read(file)
  if (text === undefined) return undefined
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
    throw new Fault('config.invalid', `${file} may be read by others.`, {
      next: `Sign in again after \`rm ${file}\`: the token in it may be known.`,
    })
  try {
    return JSON.parse(text) as Profile
  } catch {
    throw new Fault('config.invalid', `${file} is damaged.`, {
      next: `Remove it and run \`breakglass login\`.`,
    })
  }
}

/** Durable enough for a token: 0600 before the first byte, atomic. A fresh sign-in forgets what was pinned. */
export function writeProfile(profile: Profile, env: Environment): void {
  keep(profile.url, env, 'json', `${JSON.stringify(profile, null, 2)}\n`)
  for (const ending of Object.keys(PINNED)) rmSync(fileOf(profile.url, env, ending), { force: true })
  keep('last', env, 'url', `${profile.url}\n`)
}

export function removeProfile(url: string, env: Environment): void {
  rmSync(fileOf(url, env, 'json'), { force: true })
}

/** What native clients know the gateway by, by the ending of the file that keeps it. */
const PINNED = { 'ca.pem': 'certificate authority', 'ssh-host.pub': 'SSH host key' } as const

/** The file with the server's CA for clients that speak TLS. See `pinned`. */
export function pinnedCa(url: string, pem: string, env: Environment): string {
  return pinned(url, 'ca.pem', pem, env)
}

/**
 * The gateway's host keys (`ssh-ed25519 AAAA…`), wherever it listens: the one in use, then the one that will follow it. Whoever showed a
 * key that is pinned may name what follows; the key in use must be one of those pinned so far. Fault `conflict`.
 */
export function pinHostKeys(url: string, lines: readonly string[], env: Environment): void {
  const known = read(fileOf(url, env, 'ssh-host.pub'))
  if (
    known !== undefined &&
    !known
      .trim()
      .split('\n')
      .includes(lines[0] ?? '')
  )
    throw otherKey('ssh-host.pub')
  const text = `${lines.join('\n')}\n`
  if (text !== known) keep(url, env, 'ssh-host.pub', text)
}

/** The first one seen after a sign-in is kept: another one later is refused (`conflict`), as it may be somebody in between. */
function pinned(url: string, ending: keyof typeof PINNED, text: string, env: Environment): string {
  const file = fileOf(url, env, ending)
  const known = read(file)
  if (known !== undefined && known.trim() !== text.trim()) throw otherKey(ending)
  if (known === undefined) keep(url, env, ending, text)
  return file
}

function otherKey(ending: keyof typeof PINNED): Fault {
  return new Fault('conflict', `The server shows another ${PINNED[ending]} than at your sign-in.`, {
    next: 'If its administrator says that it was replaced, run `breakglass login` again; if not, somebody may be in between.',
  })
}

function lastServer(env: Environment): string | undefined {
  return read(fileOf('last', env, 'url'))?.trim()
}

function fileOf(url: string, env: Environment, ending: string): string {
  const host = url === 'last' ? url : new URL(url).host.replaceAll(':', '_')
  return join(stateFolder(env), `${host}.${ending}`)
}

function keep(url: string, env: Environment, ending: string, text: string): void {
  const folder = stateFolder(env)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (process.platform !== 'win32') chmodSync(folder, 0o700)
  const file = fileOf(url, env, ending)
  const temporary = `${file}.${process.pid}.new`
  rmSync(temporary, { force: true })
  writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
  renameSync(temporary, file)
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Fault('config.invalid', `${file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`, {
      next: 'Check its owner and mode.',
      cause,
    })
  }
}
