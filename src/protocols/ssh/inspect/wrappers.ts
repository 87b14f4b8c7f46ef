import type { Syntax } from './options.ts'

/** A program that runs another one, which stands in its arguments. */
export interface Wrapper extends Syntax {
  /** Operands before the program that is run: the duration of `timeout`, the folder of `chroot`. */
  readonly skip?: number
  /** `NAME=value` before the program is a variable. */
  readonly assigns?: true
  /** The arguments together are text for a shell. */
  readonly text?: true
  /** It adds words of its own behind: what it reads. */
  readonly appends?: true
  /** With one of these options it runs nothing. */
  readonly idle?: readonly string[]
  /** With one of these options, or without a program, it opens a shell. */
  readonly shell?: readonly string[]
  /** An option whose value is text for a shell. */
  readonly command?: string
  /** Nothing else than the other program, as the same account. */
  readonly plainly: boolean
}

const PLAINLY = { plainly: true } as const
const SUDO: Wrapper = {
  values: 'ugpCrtTDRUh',
  long: [
    'user',
    'group',
    'prompt',
    'close-from',
    'chdir',
    'chroot',
    'role',
    'type',
    'command-timeout',
    'host',
  ],
  assigns: true,
  idle: ['l', 'list', 'v', 'validate', 'K', 'V', 'version'],
  shell: ['i', 's', 'login', 'shell'],
  plainly: false,
}
const SU: Wrapper = {
  values: 'cgGsw',
  long: ['command', 'session-command', 'group', 'supp-group', 'shell', 'whitelist-environment'],
  anywhere: true,
  plainly: false,
}

/** By name. What is not here is taken for a program that runs nothing. */
export const WRAPPERS: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>([
  ['builtin', PLAINLY],
  ['command', { ...PLAINLY, idle: ['v', 'V'] }],
  ['exec', { ...PLAINLY, values: 'a' }],
  ['eval', { ...PLAINLY, text: true }],
  ['env', { ...PLAINLY, values: 'uCS', long: ['unset', 'chdir', 'split-string'], assigns: true }],
  ['nohup', PLAINLY],
  ['setsid', PLAINLY],
  ['nice', { ...PLAINLY, values: 'n', long: ['adjustment'] }],
  ['ionice', { ...PLAINLY, values: 'cn', long: ['class', 'classdata'], idle: ['p', 'P', 'u'] }],
  ['chrt', { ...PLAINLY, values: 'TPD', skip: 1, idle: ['p', 'm'] }],
  ['taskset', { ...PLAINLY, skip: 1, idle: ['p'] }],
  ['stdbuf', { ...PLAINLY, values: 'ioe', long: ['input', 'output', 'error'] }],
  ['time', { plainly: false, values: 'fo', long: ['format', 'output'] }],
  ['timeout', { ...PLAINLY, values: 'ks', long: ['kill-after', 'signal'], skip: 1 }],
  [
    'flock',
    {
      plainly: false,
      values: 'wEc',
      long: ['timeout', 'conflict-exit-code', 'command'],
      skip: 1,
      command: 'c',
    },
  ],
  ['unbuffer', PLAINLY],
  ['systemd-cat', { ...PLAINLY, values: 'tp', long: ['identifier', 'priority'] }],
  ['systemd-inhibit', { ...PLAINLY, long: ['what', 'who', 'why', 'mode'], idle: ['list'] }],
  ['watch', { ...PLAINLY, values: 'n', long: ['interval'], text: true }],
  [
    'xargs',
    {
      ...PLAINLY,
      values: 'adEILnPs',
      long: ['arg-file', 'delimiter', 'max-args', 'max-procs'],
      appends: true,
    },
  ],
  ['busybox', PLAINLY],
  ['toybox', PLAINLY],
  ['strace', { values: 'abeIoOpPsSuUX', plainly: false }],
  ['ltrace', { values: 'aeFlnopsuwx', plainly: false }],
  ['script', { skip: 1, values: 'cEmtIOBT', long: ['command'], command: 'c', shell: [], plainly: false }],
  [
    'systemd-run',
    {
      values: 'HMuptEdP',
      long: [
        'unit',
        'property',
        'description',
        'slice',
        'uid',
        'gid',
        'setenv',
        'working-directory',
        'machine',
        'host',
        'on-active',
        'on-calendar',
      ],
      shell: ['S', 'shell'],
      plainly: false,
    },
  ],
  ['chroot', { long: ['userspec', 'groups'], skip: 1, shell: [], plainly: false }],
  ['nsenter', { values: 'tSG', long: ['target', 'setuid', 'setgid'], shell: [], plainly: false }],
  ['unshare', { values: 'SGR', long: ['setuid', 'setgid', 'root', 'wd'], shell: [], plainly: false }],
  [
    'setpriv',
    {
      long: [
        'ruid',
        'euid',
        'rgid',
        'egid',
        'reuid',
        'regid',
        'groups',
        'inh-caps',
        'ambient-caps',
        'bounding-set',
        'securebits',
        'selinux-label',
        'apparmor-profile',
      ],
      idle: ['d', 'dump'],
      plainly: false,
    },
  ],
  ['sudo', SUDO],
  ['dzdo', SUDO],
  [
    'run0',
    {
      values: 'ugDE',
      long: ['user', 'group', 'chdir', 'unit', 'property', 'slice', 'setenv'],
      shell: [],
      plainly: false,
    },
  ],
  ['doas', { values: 'uC', idle: ['C', 'L'], shell: ['s'], plainly: false }],
  ['pkexec', { values: 'u', long: ['user'], shell: [], plainly: false }],
  ['su', SU],
  ['runuser', SU],
])

/** Shells: the text behind `-c` is read as this line is. */
export const SHELLS = new Set([
  'sh',
  'bash',
  'dash',
  'ash',
  'ksh',
  'mksh',
  'zsh',
  'rbash',
  'fish',
  'csh',
  'tcsh',
])

/** Other interpreters: options that take a value, and those whose value is code. */
export const INTERPRETERS: ReadonlyMap<string, { readonly values: string; readonly code: string }> = new Map([
  ['python', { values: 'cmWXQ', code: 'c' }],
  ['perl', { values: 'eEI', code: 'eE' }],
  ['ruby', { values: 'eIrCE', code: 'e' }],
  ['node', { values: 'epr', code: 'ep' }],
  ['php', { values: 'rfdcBRFE', code: 'rBRE' }],
  ['lua', { values: 'el', code: 'e' }],
])

/** `python3.11` is `python`. */
export function interpreterOf(name: string): string {
  return name.replace(/[\d.]+$/, '')
}
