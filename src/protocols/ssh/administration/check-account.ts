import { randomBytes } from 'node:crypto'
import { isFault } from '../../../kernel/faults.ts'
import type { CheckLine } from '../../../target/protocol.ts'
import { LOGIN_VARIABLE } from '../dial/login-variable.ts'
import { SshWriter } from '../messages/fields.ts'
import { info, must, should } from './check-line.ts'
import type { CommandLink } from './command-link.ts'
import { FACTS_SCRIPT, type Facts, readFacts } from './facts-script.ts'

const CHECK_MS = 10_000
/** Clocks that differ more than this keep a certificate from holding: it begins five minutes back. */
const CLOCK_MOST_S = 240
const CLOCK_FINE_S = 30
/** More channels than this at once are not looked for. */
const CHANNELS = 12
/** SSH_FXP_INIT of version 3, and the kind of its answer (draft-ietf-secsh-filexfer-02 §4). */
const SFTP_INIT = Buffer.of(0, 0, 0, 5, 1, 0, 0, 0, 3)
const SFTP_VERSION = 2
/** Marks the check's own session; no login has this name. */
const PROBE = 'bg_check'

/** What a session in an account of the target finds, over a connection that a certificate of ours has opened. Closes it. */
export async function checkAccount(
  link: CommandLink,
  account: string,
  now: () => number,
  plan: string,
): Promise<CheckLine[]> {
  // A host that does not answer leaves what was asked of it undone: everything below resolves when the link is closed.
  const timer = setTimeout(() => link.close(), CHECK_MS)
  try {
    const mark = randomBytes(12).toString('hex')
    const most = await countChannels(link)
    const { channel, refused } = await link.session()
    if (!channel)
      return [must(false, `${account}: no session is opened (${refused})`, 'Set MaxSessions of sshd to 10.')]
    await channel.request('env', new SshWriter().string(LOGIN_VARIABLE).string(PROBE).take())
    const before = now()
    await channel.request('exec', new SshWriter().string(`exec /bin/sh -s ${mark}`).take())
    channel.input(FACTS_SCRIPT)
    const { out } = await channel.finished
    const facts = readFacts(out, mark)
    if (!facts) {
      return [
        must(
          false,
          `${account}: /bin/sh runs nothing for us`,
          'Give the account a shell, and start files that run to their end.',
        ),
      ]
    }
    return [
      ...basics(facts, account, out.startsWith(mark), plan),
      ...clock(facts, account, (before + now()) / 2000),
      ...surroundings(facts, account),
      await sftp(link, account),
      info(`${account}: one connection carries ${most} at once (MaxSessions)`),
    ]
  } catch (cause) {
    if (!isFault(cause)) throw cause
    return [must(false, `${account}: ${cause.message}`, cause.next ?? 'Look at the log of its sshd.')]
  } finally {
    clearTimeout(timer)
    link.close()
  }
}

function basics(facts: Facts, account: string, silent: boolean, plan: string): CheckLine[] {
  const missing = facts.get('missing') ?? ''
  const arrives = facts.get('login') === PROBE
  return [
    must(
      facts.get('account') === account,
      `${account}: sessions run as ${facts.get('account') ?? 'nobody'}`,
      plan,
    ),
    must(
      arrives,
      `${account}: ${LOGIN_VARIABLE} ${arrives ? 'arrives' : 'does not arrive: nobody could tell what a login runs'}`,
      `AcceptEnv ${LOGIN_VARIABLE} in sshd_config. ${plan}`,
    ),
    must(
      !arrives || facts.get('environ') === 'yes',
      `${account}: /proc shows what the account runs`,
      'Mount /proc; hidepid may stay.',
    ),
    must(
      missing === '',
      missing === ''
        ? `${account}: the tools that end sessions are there`
        : `${account}: no ${missing}, with which sessions are ended`,
      'Install them (coreutils, grep, sed, awk, or busybox).',
    ),
    should(
      silent,
      `${account}: ${silent ? 'start files print nothing' : 'start files print text before a command: scp and sftp break'}`,
      'Let them print in interactive shells only.',
    ),
  ]
}

function clock(facts: Facts, account: string, nowS: number): CheckLine[] {
  const apart = Math.round(Math.abs(Number(facts.get('clock')) - nowS))
  const what = `${account}: its clock and ours are ${apart} s apart`
  const next = 'Set both by NTP: certificates end by the clock of the host.'
  return apart > CLOCK_FINE_S && apart <= CLOCK_MOST_S
    ? [should(false, what, next)]
    : [must(apart <= CLOCK_MOST_S, what, next)]
}

function surroundings(facts: Facts, account: string): CheckLine[] {
  const root = facts.get('uid') === '0'
  return [
    info(
      `${account}: ${facts.get('scope') === 'yes' ? 'a session is a scope of systemd, and ends as one' : 'sessions are no scopes of systemd: what cleans its environment, leaves its session and its parent is not found'}`,
    ),
    ...(root
      ? [info(`${account}: is root: whoever has it can undo all that breakglass does on this host`)]
      : []),
    ...(!root && facts.get('sudo') === 'all'
      ? [info(`${account}: may become root by sudo without a password; what it runs so is ended so`)]
      : []),
    ...(!root && facts.get('sudo') === 'some'
      ? [
          info(
            `${account}: may run some things by sudo; \`ssh host sudo …\` is another user's from its beginning, and not found when a login ends`,
          ),
        ]
      : []),
    should(
      facts.get('keys') !== 'yes',
      `${account}: ${facts.get('keys') === 'yes' ? 'has keys of its own in ~/.ssh/authorized_keys' : 'has no keys in ~/.ssh/authorized_keys'}`,
      'Remove them, or set AuthorizedKeysFile none for the account, if breakglass alone is to open it.',
    ),
  ]
}

async function sftp(link: CommandLink, account: string): Promise<CheckLine> {
  const { channel } = await link.session()
  const granted = (await channel?.request('subsystem', new SshWriter().string('sftp').take())) ?? false
  if (channel && granted) channel.input(SFTP_INIT, 'more follows')
  const answer = granted ? await channel?.spoke : undefined
  channel?.close()
  const speaks = answer?.[4] === SFTP_VERSION
  return should(
    speaks,
    `${account}: ${speaks ? 'sftp is there' : 'no sftp, which scp needs as well'}`,
    'Subsystem sftp internal-sftp in sshd_config.',
  )
}

/** Before anything ran over the connection: a session whose command ended is counted by the host until it has reaped the process. */
async function countChannels(link: CommandLink): Promise<string> {
  const opened = []
  while (opened.length < CHANNELS) {
    const { channel } = await link.open()
    if (!channel) break
    opened.push(channel)
  }
  for (const channel of opened) channel.close()
  return opened.length === CHANNELS
    ? `${CHANNELS} and more sessions`
    : `${opened.length} session${opened.length === 1 ? '' : 's'}`
}
