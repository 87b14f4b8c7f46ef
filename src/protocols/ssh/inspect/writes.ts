import { subcommandOf } from './programs.ts'
import type { Run } from './run.ts'
import type { Redirection } from './shell/word.ts'
import { WRAPPERS } from './wrappers.ts'

/** Programs that change nothing beyond their output, whatever their arguments. */
const READS = new Set(
  `[ arch b2sum base64 basename cat cd cksum cmp comm cut df diff dig dir dirname du echo egrep exit expand expr
  factor false fgrep fmt fold free getent getfacl grep groups head hexdump host htop id iostat join jobs jq last ls lsattr lsblk
  lscpu lsmod lsof md5sum mpstat namei netstat nl nproc nslookup od paste pgrep pidof ping printenv printf ps pstree pwd
  readlink realpath rev seq sha1sum sha256sum sha512sum sleep ss stat strings sum tac tail test top tr true tty type uname
  uniq uptime users vmstat w wait wc whereis which who whoami zcat zgrep lvs vgs pvs atop mailq postqueue ldd
  systemd-cgls systemd-cgtop systemd-analyze apt-cache dpkg-query`
    .split(/\s+/)
    .filter(name => name !== ''),
)

/** Those that only look when they are told nothing else: what else it takes to change something. */
const UNLESS: Readonly<Record<string, RegExp>> = {
  awk: /system|\||>|^-i|^--include|^-f/,
  date: /^-s|^--set/,
  dmesg: /^-[A-Za-z]*[cCDEn]|^--(?:clear|read-clear|console)/,
  find: /^-(?:delete|exec|execdir|ok|okdir|fprint|fprintf|fls)/,
  hostname: /^[^-]|^-[bF]/,
  journalctl: /^--(?:vacuum|rotate|flush|sync|relinquish|setup-keys|update-catalog)/,
  sed: /^-[A-Za-z]*i|^--in-place|^-[A-Za-z]*f|^--file|(?:^|[^A-Za-z\\])[wWe](?:\s|$)/,
  sort: /^-[A-Za-z]*o|^--output|^--compress-program/,
  sysctl: /=|^-w|^-p|^--(?:write|load|system)/,
  tar: /^-?[A-Za-z]*[xcruAI]|^--(?!list|file|verbose|gzip|zstd)/,
  file: /^-[A-Za-z]*C|^--compile/,
  crontab: /^(?!-l$)/,
}

const LOOKS: Readonly<Record<string, ReadonlySet<string>>> = {
  systemctl: new Set(
    'status show cat is-active is-enabled is-failed list-units list-unit-files list-timers list-jobs list-dependencies list-sockets'.split(
      ' ',
    ),
  ),
  docker: new Set('ps logs inspect images stats top events port diff version info'.split(' ')),
  podman: new Set('ps logs inspect images stats top events port diff version info'.split(' ')),
  kubectl: new Set('get describe logs top explain version'.split(' ')),
  git: new Set('status log diff show describe rev-parse'.split(' ')),
  apt: new Set('list show search policy'.split(' ')),
  zfs: new Set('list get'.split(' ')),
  zpool: new Set('list status get iostat'.split(' ')),
}

/** Whether a run may change something at the host, as far as its text tells: what is not known to look only, may. */
export function mayWrite(run: Run): boolean {
  const { name, words, redirections, inner, hides, readsCommands } = run
  if (redirections.some(writesFile)) return true
  if (hides !== undefined || readsCommands) return true
  if (inner) return inner.runs.some(mayWrite)
  if (words.length === 0) return false
  if (name === undefined) return true
  if (READS.has(name) || WRAPPERS.has(name)) return false
  const unless = Object.hasOwn(UNLESS, name) ? UNLESS[name] : undefined
  if (unless)
    return words.slice(1).some(({ known, text }) => unless.test(text) || (!known && name !== 'find'))
  const looks = Object.hasOwn(LOOKS, name) ? LOOKS[name] : undefined
  const sub = subcommandOf(name, words)
  return !looks || sub === undefined || !looks.has(sub)
}

/** To a file: not to nothing, and not to what is open already. */
export function writesFile({ kind, target }: Redirection): boolean {
  return (
    kind === 'write' && !(target.known && /^\/dev\/(?:null|stdout|stderr|tty|fd\/\d+)$/.test(target.text))
  )
}
