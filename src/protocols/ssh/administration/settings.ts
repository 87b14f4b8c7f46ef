import { z } from 'zod'
import { Fault } from '../../../kernel/faults.ts'
import { parseSshKey } from '../../../kernel/ssh-key.ts'
import type { Target } from '../../../kernel/target.ts'
import { isSourceAddress } from './source-address.ts'

const fields = z.strictObject({
  /** Lines of `/etc/ssh/ssh_host_ed25519_key.pub`; several while a host changes its key, or for hosts behind one address. */
  host_keys: z
    .array(z.string(), { error: 'a list of host keys, each `ssh-ed25519 AAAA…`' })
    .min(1, 'at least one host key: without it nobody knows which host answers'),
  /** Where the gateway comes from as the target sees it, when that is not its own address: an address or a range, or several. */
  source_address: z
    .union([z.string().transform(one => [one]), z.array(z.string()).min(1)], {
      error: 'an address or a range such as 10.1.0.0/16, or a list of them',
    })
    .optional(),
})

export interface SshSettings {
  /** The target's name, for what people read. */
  readonly target: string
  readonly host: string
  readonly port: number
  /** As SSH encodes them (RFC 8709 §4). */
  readonly hostKeys: readonly [Buffer, ...Buffer[]]
  /** Undefined: the address that the connection to the target has on our side. */
  readonly sourceAddresses: readonly string[] | undefined
  /** Unix accounts by scope. */
  readonly accounts: ReadonlyMap<string, string>
}

const FORM = 'An ssh target has host_keys and optionally source_address; each scope has `as`, a unix account.'

/** The protocol's own fields of a target and its scopes. Fault `config.invalid` names the first field that does not fit. */
export function readSettings(target: Target): SshSettings {
  const at = `targets.${target.name}`
  const parsed = fields.safeParse(target.settings)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw misfit([at, ...(issue?.path ?? [])].join('.'), issue?.message ?? 'does not fit')
  }
  const { host_keys, source_address } = parsed.data
  const [first, ...others] = host_keys.map((line, index) => hostKey(line, `${at}.host_keys.${index}`))
  if (!first) throw misfit(`${at}.host_keys`, 'at least one host key')
  for (const one of source_address ?? []) {
    if (!isSourceAddress(one))
      throw misfit(`${at}.source_address`, `${JSON.stringify(one)} is no address and no range`, SOURCE_FORM)
  }
  return {
    target: target.name,
    ...parseAddress(target.address, `${at}.address`),
    hostKeys: [first, ...others],
    sourceAddresses: source_address,
    accounts: readAccounts(target),
  }
}

/** The account of a scope. Fault `target.misconfigured` when the configuration no longer has it. */
export function accountOf(settings: SshSettings, scope: string): string {
  const account = settings.accounts.get(scope)
  if (account !== undefined) return account
  throw new Fault('target.misconfigured', `${settings.target} has no scope ${scope}.`, {
    next: 'Name one of its scopes in the procedure.',
  })
}

const SOURCE_FORM = 'Write 10.1.2.3, or a range whose address ends where its prefix does: 10.1.0.0/16.'

function readAccounts(target: Target): Map<string, string> {
  const accounts = new Map<string, string>()
  for (const [name, scope] of Object.entries(target.scopes)) {
    const at = `targets.${target.name}.scopes.${name}`
    if (scope.privileges || scope.hide) {
      throw misfit(
        at,
        'a host has no privileges to hand out: give `as` the unix account whose rights the scope has',
      )
    }
    if (scope.as === undefined) throw misfit(`${at}.as`, 'which unix account is this scope?')
    if (!isAccount(scope.as)) throw misfit(`${at}.as`, `${JSON.stringify(scope.as)} cannot be a unix account`)
    accounts.set(name, scope.as)
  }
  return accounts
}

/** Wider than useradd allows, as directories have names with dots, domains and capitals; but one word, and no path. */
function isAccount(name: string): boolean {
  return /^[\p{L}\p{N}_.][\p{L}\p{N}_.@+$-]{0,63}$/u.test(name) && !/^\.+$/.test(name)
}

function hostKey(line: string, at: string): Buffer {
  const key = parseSshKey(line.trim())
  if (Buffer.isBuffer(key)) return key
  throw misfit(at, key.what, 'Take the line that the host has in /etc/ssh/ssh_host_ed25519_key.pub.')
}

function parseAddress(address: string, at: string): { host: string; port: number } {
  const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address)
  const port = Number(found?.[3] ?? 0)
  if (!found || port < 1 || port > 65_535)
    throw misfit(at, 'not of the form host:port', 'Write web-1.internal:22.')
  return { host: found[1] ?? found[2] ?? '', port }
}

function misfit(at: string, what: string, next = FORM): Fault {
  return new Fault('config.invalid', `${at}: ${what}`, { next })
}
