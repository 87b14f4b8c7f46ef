import { isFault } from '../../../kernel/faults.ts'
import type { Target } from '../../../kernel/target.ts'
import type { CheckLine } from '../../../target/protocol.ts'
import type { SessionTerms } from '../dial/session-certificate.ts'
import { checkAccount } from './check-account.ts'
import { checkLimits } from './check-limits.ts'
import { info, must } from './check-line.ts'
import { CommandLink } from './command-link.ts'
import { openOwnLink, type OwnAccess } from './own-link.ts'
import { readSettings, type SshSettings } from './settings.ts'

/**
 * Whether the host is ready for emergencies: it is the pinned one, a certificate opens each scope's account and nothing it should
 * not, what ends sessions works, and what the account gives everybody who gets in. Connects by itself and changes nothing; two logins
 * of it fail on purpose. `next`: with the authority that will follow, while there is one; the host is to trust both. Never throws.
 */
export async function checkTarget(
  target: Target,
  access: OwnAccess,
  next?: OwnAccess,
): Promise<readonly CheckLine[]> {
  const plan = `Let the host's owner run \`breakglass target plan ${target.name}\` there.`
  const lines: CheckLine[] = []
  let settings: SshSettings
  try {
    settings = readSettings(target)
  } catch (cause) {
    return [must(false, (cause as Error).message, 'Correct the configuration of the target.')]
  }
  try {
    let limited = false
    for (const [scope, account] of settings.accounts) {
      const open = async (over: Partial<SessionTerms> = {}) =>
        new CommandLink(await openOwnLink(settings, scope, access, over))
      const link = await reached(open, lines, settings, account, plan)
      if (link === 'another host') return lines
      if (!link) continue
      lines.push(...(await checkAccount(link, account, access.now, plan)))
      if (!limited) lines.push(...(await checkLimits(open, account, access.now(), plan)))
      limited = true
      if (next) lines.push(await opensForNext(settings, scope, account, next, plan))
    }
    lines.push(...sharedAccounts(settings))
    if (settings.accounts.size === 0) {
      lines.push(
        must(
          false,
          `${target.name} has no scopes: nobody can be let in`,
          'Give it a scope with `as`, a unix account.',
        ),
      )
    }
  } catch (cause) {
    const what = `${target.address} could not be checked: ${(cause as Error).message}`
    lines.push(must(false, what, (isFault(cause) ? cause.next : undefined) ?? 'Look at the log of its sshd.'))
  }
  return lines
}

/** The connection to one account, with what it tells of the host. A host that is not the pinned one ends the check. */
async function reached(
  open: () => Promise<CommandLink>,
  lines: CheckLine[],
  { target, host, port }: SshSettings,
  account: string,
  plan: string,
): Promise<CommandLink | 'another host' | undefined> {
  try {
    const link = await open()
    if (lines.length === 0)
      lines.push(must(true, `${host}:${port} has the pinned host key (${link.peer})`, plan))
    lines.push(must(true, `${account}: opens for our certificate`, plan))
    return link
  } catch (cause) {
    if (!isFault(cause, 'target.misconfigured')) throw cause
    const { presented } = cause.facts
    if (typeof presented === 'string') {
      lines.push(
        must(
          false,
          `${host}:${port} presents another host key than the pinned: ${presented}`,
          `If the host's owner says that it is theirs, write it into host_keys of ${target}.`,
        ),
      )
      return 'another host'
    }
    lines.push(must(false, `${account}: ${cause.message}`, plan))
    return undefined
  }
}

async function opensForNext(
  settings: SshSettings,
  scope: string,
  account: string,
  next: OwnAccess,
  plan: string,
): Promise<CheckLine> {
  try {
    const { transport } = await openOwnLink(settings, scope, next)
    transport.destroy()
    return must(true, `${account}: opens for our next certificate authority as well`, plan)
  } catch (cause) {
    if (!isFault(cause, 'target.misconfigured')) throw cause
    return must(false, `${account}: does not open for our next certificate authority`, plan)
  }
}

function sharedAccounts({ accounts }: SshSettings): CheckLine[] {
  const scopes = new Map<string, string[]>()
  for (const [scope, account] of accounts) scopes.set(account, [...(scopes.get(account) ?? []), scope])
  return [...scopes]
    .filter(([, names]) => names.length > 1)
    .map(([account, names]) =>
      info(`${account} is the account of ${names.join(' and ')}: the host gives them the same rights`),
    )
}
