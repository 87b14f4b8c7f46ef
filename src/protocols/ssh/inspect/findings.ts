import type { RuleName } from './refuse-rules.ts'
import type { Run } from './run.ts'
import { writesFile } from './writes.ts'

/** Something a rule that a procedure may name has to say to one run. */
export interface Finding {
  readonly rule: RuleName
  readonly what: string
}

/** One way in which a run is what a rule means. The first that holds is told. */
interface Sign {
  readonly rule: RuleName
  readonly holds: (run: Run, name: string) => boolean
  readonly what: (name: string) => string
}

const AS_SOMEBODY_ELSE = set(
  'sudo sudoedit su doas pkexec runuser setpriv run0 dzdo ksu newgrp sg gosu su-exec',
)
const MAKES_DISKS =
  /^(?:mkfs(?:\..+)?|mke2fs|mkswap|wipefs|cfdisk|[sg]?fdisk|sgdisk|parted|blkdiscard|lvremove|vgremove|pvremove|lvreduce)$/
const DISK = /^(?:of=)?\/dev\/(?:sd|hd|vd|xvd|nvme|mmcblk|dm-|md|mapper\/|disk\/|loop|zd|nbd)/
const COPIES = set('dd tee cp shred')
const POWER = set('shutdown reboot halt poweroff pm-suspend pm-hibernate')
const SYSTEMCTL_POWER = set(
  'poweroff reboot halt kexec soft-reboot suspend hibernate hybrid-sleep suspend-then-hibernate rescue emergency',
)
const LATER = set('nohup setsid disown at batch systemd-run daemonize dtach abduco')
const TERMINALS = set('tmux screen')
const TRANSFERS = set('scp sftp sftp-server rsync')
const OPENS_SHELL = set('newgrp sg at batch tmux screen')

/** Best effort: these are names and options, and a program may be called anything. */
const SIGNS: readonly Sign[] = [
  {
    rule: 'shell',
    holds: ({ readsCommands, words }, name) =>
      readsCommands === true || (OPENS_SHELL.has(name) && words.length === 1),
    what: name => `${name} reads further commands from its input`,
  },
  {
    rule: 'file_transfer',
    holds: (_run, name) => TRANSFERS.has(name),
    what: name => `${name} copies files`,
  },
  {
    rule: 'file_writes',
    holds: (run, name) =>
      (name === 'scp' && has(run, /^-[a-z]*t/)) ||
      (name === 'rsync' && has(run, /^--server$/) && !has(run, /^--sender$/)),
    what: name => `${name} writes files`,
  },
  {
    rule: 'file_reads',
    holds: (run, name) =>
      (name === 'scp' && has(run, /^-[a-z]*f/)) || (name === 'rsync' && has(run, /^--sender$/)),
    what: name => `${name} reads files`,
  },
  {
    rule: 'privilege_change',
    holds: (_run, name) => AS_SOMEBODY_ELSE.has(name),
    what: name => `${name} runs things as somebody else`,
  },
  {
    rule: 'recursive_delete',
    holds: (run, name) => name === 'rm' && has(run, /^-[A-Za-z]*[rR]|^--r/),
    what: () => 'rm of whole trees',
  },
  {
    rule: 'recursive_delete',
    holds: (run, name) =>
      name === 'find' && (has(run, /^-delete$/) || run.inner?.runs.some(one => one.name === 'rm') === true),
    what: () => 'find that deletes what it finds',
  },
  {
    rule: 'recursive_delete',
    holds: (run, name) => name === 'rsync' && has(run, /^--del/),
    what: () => 'rsync that deletes at its destination',
  },
  {
    rule: 'raw_disks',
    holds: (run, name) => MAKES_DISKS.test(name) && !has(run, /^-l$|^--list/),
    what: name => `${name} changes a disk`,
  },
  {
    rule: 'raw_disks',
    holds: (run, name) =>
      (COPIES.has(name) && run.words.some(({ text }, at) => isWritten(name, text, at, run.words.length))) ||
      run.redirections.some(one => writesFile(one) && DISK.test(one.target.text)),
    what: () => 'writing to a disk',
  },
  {
    rule: 'raw_disks',
    holds: (run, name) => (name === 'zpool' || name === 'zfs') && has(run, /^destroy$/),
    what: name => `${name} destroy`,
  },
  {
    rule: 'power',
    holds: (run, name) => POWER.has(name) && !has(run, /^(?:-c|--help|--version|--show)$/),
    what: name => `${name} stops the host`,
  },
  {
    rule: 'power',
    holds: (run, name) =>
      (name === 'systemctl' && run.words.some(({ text }, at) => at > 0 && SYSTEMCTL_POWER.has(text))) ||
      ((name === 'init' || name === 'telinit') && has(run, /^[0156sS]$/)) ||
      (name === 'kexec' && has(run, /^-[A-Za-z]*e|^--exec/)) ||
      (/^(?:busctl|gdbus|dbus-send)$/.test(name) && has(run, /(?:PowerOff|Reboot|Halt|Suspend|Hibernate)\b/)),
    what: name => `${name} stops or restarts the host`,
  },
  {
    rule: 'power',
    holds: (run, name) =>
      (name === 'tee' && has(run, /\/sysrq-trigger$/)) ||
      run.redirections.some(one => writesFile(one) && one.target.text.endsWith('/sysrq-trigger')),
    what: () => 'writing to sysrq-trigger',
  },
  {
    rule: 'background',
    holds: ({ background }) => background,
    what: () => 'a command that nobody waits for (&)',
  },
  {
    rule: 'background',
    holds: (run, name) =>
      LATER.has(name) ||
      (TERMINALS.has(name) && !has(run, /^(?:-V|-v|-ls|-list|ls|list-sessions|kill-session|kill-server)$/)) ||
      (name === 'crontab' && !has(run, /^-l$/)),
    what: name => `${name} lets things outlive the session`,
  },
  {
    rule: 'unknown_command',
    holds: ({ hides }) => hides !== undefined,
    what: () => '',
  },
  {
    rule: 'unknown_command',
    holds: ({ readsCommands }) => readsCommands === true,
    what: name => `cannot be told: what ${name} reads`,
  },
]

/** What the rules have to say to one run, without what it runs in turn. Of each rule the first sign. */
export function findingsOf(run: Run): readonly Finding[] {
  const found: Finding[] = []
  const { name = '', hides } = run
  for (const { rule, holds, what } of SIGNS) {
    if (found.some(one => one.rule === rule) || !holds(run, name)) continue
    found.push({ rule, what: what(name) || `cannot be told: ${hides ?? ''}` })
  }
  return found
}

/** Behind `--` no word is an option. */
function has({ words }: Run, pattern: RegExp): boolean {
  const end = words.findIndex(({ text }) => text === '--')
  return words.some(
    ({ text }, at) => at > 0 && pattern.test(text) && (end < 0 || at < end || !text.startsWith('-')),
  )
}

/** What these write: dd to `of=`, cp to its last word, the others to each. */
function isWritten(name: string, text: string, at: number, words: number): boolean {
  if (at === 0 || !DISK.test(text)) return false
  if (name === 'dd') return text.startsWith('of=')
  return name !== 'cp' || at === words - 1
}

function set(names: string): ReadonlySet<string> {
  return new Set(names.split(' '))
}
