import type { CheckLine } from '../../../target/protocol.ts'
import type { SessionTerms } from '../dial/session-certificate.ts'
import { SshWriter } from '../messages/fields.ts'
import { OPEN_FAILURE } from '../messages/numbers.ts'
import { isFault } from '../../../kernel/faults.ts'
import { must } from './check-line.ts'
import type { CommandLink } from './command-link.ts'

/** Opens a connection to the account with a certificate that differs in this from what a session gets. */
type OpenWith = (over: Partial<SessionTerms>) => Promise<CommandLink>

const COMMAND_MS = 5000
const FORCED = 'breakglass-forced'

/** Whether the host holds a certificate to what it says. `now`: wall milliseconds. */
export async function checkLimits(
  open: OpenWith,
  account: string,
  now: number,
  plan: string,
): Promise<CheckLine[]> {
  return [
    await forced(open, account, plan),
    ...(await unpermitted(open, account)),
    await refuses(open, account, 'a certificate for another scope', { scope: '-' }, plan),
    await refuses(
      open,
      account,
      'a certificate that has ended',
      { now: now - 7_200_000, until: now - 3_600_000 },
      plan,
    ),
  ]
}

async function forced(open: OpenWith, account: string, plan: string): Promise<CheckLine> {
  const link = await open({ forceCommand: `echo ${FORCED}` })
  try {
    const { out } = await link.run('echo asked', '', COMMAND_MS)
    const held = out.includes(FORCED) && !out.includes('asked')
    return must(held, `${account}: a forced command is ${held ? 'all that runs' : 'not held to'}`, plan)
  } finally {
    link.close()
  }
}

/** What is off unless a procedure allows it is not permitted by the certificate: then the host refuses it as well. */
async function unpermitted(open: OpenWith, account: string): Promise<CheckLine[]> {
  const link = await open({})
  try {
    const { channel } = await link.open()
    const agent = (await channel?.request('auth-agent-req@openssh.com')) ?? false
    const display = new SshWriter()
      .boolean(false)
      .string('MIT-MAGIC-COOKIE-1')
      .string('00'.repeat(16))
      .uint32(0)
      .take()
    const x11 = (await channel?.request('x11-req', display)) ?? false
    const to = new SshWriter().string('127.0.0.1').uint32(9).string('127.0.0.1').uint32(9).take()
    const { reason } = await link.open('direct-tcpip', to)
    const forward = reason !== OPEN_FAILURE.administrativelyProhibited
    return [
      ['agent forwarding', agent] as const,
      ['X11 forwarding', x11] as const,
      ['port forwarding', forward] as const,
    ].map(([what, granted]) =>
      must(
        !granted,
        `${account}: ${what} is ${granted ? 'open to certificates that do not permit it' : 'refused without permission'}`,
        'The gateway refuses it still. Look for a Match block or an old sshd that does not heed extensions of certificates.',
      ),
    )
  } finally {
    link.close()
  }
}

/** Two of these at most for one check: newer sshd lock out an address that fails too often (PerSourcePenalties). */
async function refuses(
  open: OpenWith,
  account: string,
  what: string,
  over: Partial<SessionTerms>,
  plan: string,
): Promise<CheckLine> {
  try {
    const link = await open(over)
    link.close()
    return must(false, `${account}: ${what} opens it`, plan)
  } catch (cause) {
    if (!isFault(cause, 'target.misconfigured')) throw cause
    return must(true, `${account}: ${what} is refused`, plan)
  }
}
