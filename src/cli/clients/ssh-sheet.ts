import type { ConnectionSheet } from '../../client/answers.ts'
import { Fault } from '../../kernel/faults.ts'
import { parseSshKey } from '../../kernel/ssh-key.ts'

/** A sheet whose fields may stand in the files of OpenSSH. */
export interface SshSheet {
  readonly grant: string
  readonly target: string
  readonly login: string
  readonly host: string
  readonly port: number
  /** Of the gateway: `ssh-ed25519 AAAA…`, the one in use first, then the one that will follow it. */
  readonly hostKeys: readonly string[]
  readonly ends_at: string
}

const MOST_KEYS = 2

const FORMS = {
  target: /^[a-z0-9][a-z0-9_-]{0,62}$/,
  login: /^bg_[a-z0-9]{4,64}$/,
  host: /^[A-Za-z0-9][A-Za-z0-9._-]*$|^[0-9A-Fa-f:.]+$/,
} as const

/**
 * Fields of ssh_config(5) can name programs to run, and files are named after the login: a server may not write there what is no name.
 * Fault `unavailable`.
 */
export function readSheet({
  grant,
  target,
  login,
  host,
  port,
  host_keys,
  ends_at,
}: ConnectionSheet): SshSheet {
  for (const [field, value] of Object.entries({ target, login, host }))
    if (!FORMS[field as keyof typeof FORMS].test(value)) throw strange(field)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw strange('port')
  const hostKeys = (host_keys ?? []).map(line => line.split(' ').slice(1).join(' '))
  if (hostKeys.length === 0 || hostKeys.length > MOST_KEYS) throw strange('host_keys')
  if (!hostKeys.every(key => Buffer.isBuffer(parseSshKey(key)))) throw strange('host_keys')
  if (Number.isNaN(Date.parse(ends_at))) throw strange('ends_at')
  return { grant, target, login, host, port, hostKeys, ends_at }
}

function strange(field: string): Fault {
  return new Fault(
    'unavailable',
    `The server's answer cannot be used: its field ${field} has another form.`,
    {
      next: 'Compare the versions: `breakglass --version`, `breakglass status`.',
    },
  )
}
