import type { KeyObject } from 'node:crypto'
import type { Target } from '../../../kernel/target.ts'
import { LOGIN_VARIABLE } from '../dial/login-variable.ts'
import { principalOf } from '../dial/session-certificate.ts'
import { sshLine } from '../../../kernel/ssh-key.ts'
import { publicBlob } from '../keys/public-blob.ts'
import { readSettings } from './settings.ts'

/** Where the plan keeps its files on the host. */
const FOLDER = '/etc/ssh/breakglass'
const DROP_IN = '/etc/ssh/sshd_config.d/00-breakglass.conf'

/**
 * What the owner of a host runs there once as root, and again after each change of the scopes or of our authority: a script for sh to
 * read first. Pure text: nothing is asked of the host; where hosts differ, the script decides there and changes nothing when it is
 * not sure. Several targets may be one host.
 * `authorities`: the one in use, and the one that will follow it while there is one.
 */
export function planText(target: Target, authorities: readonly KeyObject[]): string {
  const { accounts, host, port } = readSettings(target)
  const lines = authorities.map(key => sshLine(publicBlob(key), 'breakglass'))
  const scopes = [...accounts].map(([scope, account]) => ({
    scope,
    account,
    principal: principalOf(target.name, scope),
  }))
  return [
    `# breakglass: the host of the target ${target.name} (${host}:${port}). Read it, then run it there as root with sh; safe to run again.`,
    '',
    '# A host that trusts authorities already is left as it is: sshd takes the first value of a keyword, and ours would replace theirs.',
    `theirs=$(sshd -T 2>/dev/null | grep -E '^(trustedusercakeys|authorizedprincipalsfile) ' | grep -vE ' (none|${FOLDER}/.*)$')`,
    'if [ -n "$theirs" ]; then',
    `  printf '%s\\n' "Nothing was changed. sshd here has already:" "$theirs" \\`,
    `    "Leave that. Put ${DROP_IN} in place with AcceptEnv ${LOGIN_VARIABLE} alone, and into authorized_keys of each account what is below." >&2`,
    ...scopes.flatMap(({ account, principal }) =>
      lines.map(
        line =>
          `  printf '%s\\n' ${quote(`${account}: cert-authority,principals="${principal}" ${line}`)} >&2`,
      ),
    ),
    '  exit 1',
    'fi',
    'set -eu',
    '',
    '# Our certificate authority. A certificate is made for each session, is valid from our address and ends with the grant.',
    ...(lines.length > 1
      ? [
          '# The second one will follow the first: run the plan again after it did, and the first is trusted no more.',
        ]
      : []),
    `mkdir -p ${FOLDER}/principals`,
    `printf '%s\\n' ${lines.map(quote).join(' ')} >${FOLDER}/ca.pub`,
    '',
    '# Which certificates open which account: one file per account. An account without a file opens for none.',
    `for file in ${FOLDER}/principals/*; do`,
    `  if [ -f "$file" ]; then sed -i '\\|^${principalOf(target.name, '')}|d' "$file"; fi`,
    'done',
    ...scopes.flatMap(({ scope, account, principal }) => [
      `printf '%s\\n' ${quote(principal)} >>${FOLDER}/principals/${quote(account)}`,
      `id -u ${quote(account)} >/dev/null 2>&1 || echo ${quote(`There is no account ${account} here: make it, or change the scope ${scope}.`)} >&2`,
    ]),
    `chmod 755 ${FOLDER} ${FOLDER}/principals`,
    `chmod 644 ${FOLDER}/ca.pub`,
    `find ${FOLDER}/principals -type f -exec chmod 644 {} +`,
    `if command -v restorecon >/dev/null; then restorecon -R ${FOLDER}; fi`,
    '',
    `# The variable says which login a process belongs to: by it everything is found and ended with the grant.`,
    'mkdir -p /etc/ssh/sshd_config.d',
    `cat >${DROP_IN} <<'END'`,
    `TrustedUserCAKeys ${FOLDER}/ca.pub`,
    `AuthorizedPrincipalsFile ${FOLDER}/principals/%u`,
    `AcceptEnv ${LOGIN_VARIABLE}`,
    'END',
    `chmod 644 ${DROP_IN}`,
    'if ! sshd -t; then',
    `  rm ${DROP_IN}`,
    '  echo "sshd does not accept the lines; they were taken out again." >&2',
    '  exit 1',
    'fi',
    `if ! sshd -T 2>/dev/null | grep -qx 'trustedusercakeys ${FOLDER}/ca.pub'; then`,
    `  echo "sshd does not read ${DROP_IN}: put 'Include /etc/ssh/sshd_config.d/*.conf' before all other lines of /etc/ssh/sshd_config, then run this again." >&2`,
    '  exit 1',
    'fi',
    'systemctl reload ssh 2>/dev/null || systemctl reload sshd 2>/dev/null || service ssh reload || service sshd reload',
    '',
    `# Then: breakglass target check ${target.name}`,
    '#',
    '# Not covered, decide yourself:',
    '# - Keys and passwords that open these accounts today still do, and whoever is let in can leave a key in ~/.ssh/authorized_keys.',
    `#   For accounts that only breakglass opens: Match User ${scopes.map(({ account }) => account).join(',')} with AuthorizedKeysFile none and PasswordAuthentication no.`,
    '# - What is started outside the session is not of the session: cron, at, systemd-run, containers, services. Deny cron and at to the',
    '#   account (/etc/cron.deny, /etc/at.deny) and do not let it linger (loginctl disable-linger).',
    '# - What sudo runs belongs to another user. It is ended through sudo where that asks for no password, else not by us.',
    '# - A gateway that vanished without a word keeps its connections here open: ClientAliveInterval 15 lets go of them after a minute.',
    '',
  ].join('\n')
}

/** One word of sh. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
