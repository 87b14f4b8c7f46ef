import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { ConnectionSheet, Grant } from '../../client/answers.ts'
import type { Client } from '../../client/client.ts'
import { pinHostKeys, stateFolder } from '../../client/profile.ts'
import { Fault } from '../../kernel/faults.ts'
import type { Call } from '../call.ts'
import { readSheet, type SshSheet } from './ssh-sheet.ts'
import { sshConfigText } from './ssh-config-text.ts'

/** What a login is for: `run` until one client has ended, `config` as long as the grant lasts. */
type Use = 'run' | 'config'

/** A login with a key of its own, in a folder that is named after it: `key`, `key.pub`, `known_hosts`, `config`, `login.json`. */
export interface SshLogin {
  readonly url: string
  readonly grant: string
  readonly target: string
  readonly login: string
  readonly host: string
  readonly port: number
  /** RFC 3339, UTC. */
  readonly ends_at: string
  readonly use: Use
}

const ALIAS = 'breakglass'
/** A login whose server was not asked since is kept this long beyond the end it had: the grant may have been extended. */
const KEPT_MS = 86_400_000

export function sshFolder(call: Call): string {
  return join(stateFolder(call.terminal.env), 'ssh')
}

export function filesOf(call: Call, { login }: Pick<SshLogin, 'login'>) {
  const folder = join(sshFolder(call), login)
  return {
    folder,
    key: join(folder, 'key'),
    knownHosts: join(folder, 'known_hosts'),
    config: join(folder, 'config'),
  }
}

/** The text for ssh_config(5) under which this login is used. */
export function blockOf(call: Call, login: SshLogin): string {
  const { key, knownHosts } = filesOf(call, login)
  return sshConfigText({ ...login, identityFile: key, knownHostsFile: knownHosts, hostKeyAlias: ALIAS })
}

/**
 * A fresh key, registered with a fresh login of the grant. The private half never leaves this machine; nothing stays when the server
 * says no. Faults: those of the server; `unavailable` without ssh-keygen; `conflict` for another host key than was pinned.
 */
export async function newSshLogin(call: Call, client: Client, grant: Grant, use: Use): Promise<SshLogin> {
  const parent = sshFolder(call)
  mkdirSync(parent, { recursive: true, mode: 0o700 })
  if (process.platform !== 'win32') chmodSync(parent, 0o700)
  const fresh = mkdtempSync(join(parent, '.new-'))
  try {
    const public_key = makeKey(call, join(fresh, 'key'))
    const answer = await client.post<ConnectionSheet>(`/v1/grants/${grant.id}/credential`, { public_key })
    const sheet = readSheet(answer)
    pinHostKeys(client.url, sheet.hostKeys, call.terminal.env)
    const login = loginOf(client.url, sheet, use)
    const files = filesOf(call, login)
    const write = (name: string, text: string): void =>
      writeFileSync(join(fresh, name), text, { mode: 0o600 })
    write('known_hosts', sheet.hostKeys.map(key => `${ALIAS} ${key}\n`).join(''))
    write('config', blockOf(call, login))
    write('login.json', `${JSON.stringify(login, null, 2)}\n`)
    renameSync(fresh, files.folder)
    return login
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    throw error
  }
}

/** The login that stands in the person's own config for this grant, or a new one. */
export async function configLogin(call: Call, client: Client, grant: Grant): Promise<SshLogin> {
  const known = sshLogins(call).find(
    one => one.use === 'config' && one.url === client.url && one.grant === grant.id,
  )
  if (!known || grant.ends_at === undefined) return newSshLogin(call, client, grant, 'config')
  // Extended or shortened since.
  const current = { ...known, ends_at: grant.ends_at }
  writeFileSync(join(filesOf(call, known).folder, 'login.json'), `${JSON.stringify(current, null, 2)}\n`, {
    mode: 0o600,
  })
  return current
}

/** Those whose files are here, in the order of their names. */
export function sshLogins(call: Call): readonly SshLogin[] {
  const parent = sshFolder(call)
  if (!existsSync(parent)) return []
  return readdirSync(parent)
    .sort()
    .flatMap(name => {
      try {
        const login = JSON.parse(readFileSync(join(parent, name, 'login.json'), 'utf8')) as SshLogin
        return login.login === name ? [login] : []
      } catch {
        // The folder of a key that is being made, or the file for the person's own config.
        return []
      }
    })
}

export function removeSshLogin(call: Call, login: Pick<SshLogin, 'login'>): void {
  rmSync(filesOf(call, login).folder, { recursive: true, force: true })
}

/** Removes the keys of grants that are over: of this server by what it says, of others when their end is long past. */
export async function sweepSshLogins(call: Call, client: Client): Promise<void> {
  // Read before the server is asked: what another terminal opens meanwhile is not among them.
  const known = sshLogins(call)
  removeUnfinished(call)
  if (known.length === 0) return
  const { grants } = await client.get<{ grants: readonly Grant[] }>('/v1/grants', {
    state: 'active',
    mine: 'true',
  })
  const active = new Set(grants.map(({ id }) => id))
  for (const one of known) {
    const over =
      one.url === client.url ? !active.has(one.grant) : Date.parse(one.ends_at) + KEPT_MS < client.now()
    if (over) removeSshLogin(call, one)
  }
}

/** What a run left that was ended in the middle. */
function removeUnfinished(call: Call): void {
  const parent = sshFolder(call)
  if (!existsSync(parent)) return
  for (const name of readdirSync(parent).filter(one => one.startsWith('.new-'))) {
    const folder = join(parent, name)
    const made = statSync(folder, { throwIfNoEntry: false })
    if (made && made.mtimeMs + KEPT_MS < Date.now()) rmSync(folder, { recursive: true, force: true })
  }
}

/** The line of the public half. Without a passphrase: the key is worth no more than the minutes its grant has. */
function makeKey(call: Call, file: string): string {
  const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'breakglass', '-f', file], {
    encoding: 'utf8',
    env: { ...call.terminal.env },
  })
  if (made.error && 'code' in made.error && made.error.code === 'ENOENT')
    throw new Fault('unavailable', 'ssh-keygen is not on this machine, and this run needs a key.', {
      next: 'Install the OpenSSH client, or use another one with the secret that `breakglass open` shows.',
      cause: made.error,
    })
  if (made.error || made.status !== 0)
    throw new Fault('unavailable', `ssh-keygen made no key (${made.error?.message ?? made.stderr.trim()}).`, {
      next: 'Install the OpenSSH client, or use the secret that `breakglass open` shows.',
      cause: made.error,
    })
  return readFileSync(`${file}.pub`, 'utf8').trim()
}

function loginOf(url: string, { grant, target, login, host, port, ends_at }: SshSheet, use: Use): SshLogin {
  return { url, grant, target, login, host, port, ends_at, use }
}
