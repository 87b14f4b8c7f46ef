import { FILE_RULES, type FileRuleName } from '../sftp/file-rules.ts'

/** One thing that a session on a host is refused. */
export interface RefuseRule {
  /**
   * `always`: in every session. `list`: where a list of the procedure says so or does not say otherwise (`commands`, `never`,
   * `forward`, `allow`). `named`: when `scope.refuse` names it. What a name in `scope.refuse` forbids no list allows.
   */
  readonly holds: 'always' | 'list' | 'named'
  /** Continues "refuses …" in help texts and tables. */
  readonly refuses: string
  /** The way out, one sentence, told to the person who was refused. */
  readonly next: string
}

const RULES = {
  // The gateway could no longer say what is done.
  unparsable: {
    holds: 'always',
    refuses: 'names, addresses and command lines with a NUL, and names and addresses with a line break',
    next: 'Leave the character out.',
  },
  too_complex: {
    holds: 'always',
    refuses: 'command lines longer than 128 KiB or nested too deep to be read',
    next: 'Put the commands into a file, copy it there and run that.',
  },
  subsystem: {
    holds: 'always',
    refuses: 'subsystems other than sftp',
    next: 'Use sftp, or run the program as a command.',
  },
  channel: {
    holds: 'always',
    refuses:
      'kinds of channels and requests that the gateway does not know, such as tunnels of a network device',
    next: 'Use a shell, a command, sftp or a port forward.',
  },
  too_many_channels: {
    holds: 'always',
    refuses: 'more than 256 channels at once in one connection',
    next: 'Close some first, or connect once more.',
  },
  no_more_sessions: {
    holds: 'always',
    refuses: 'programs after the client has said that there will be no more (no-more-sessions@openssh.com)',
    next: 'Connect once more.',
  },
  unasked_channel: {
    holds: 'always',
    refuses: 'channels that the host opens unasked: to the key agent, the X11 display or ports of the person',
    next: 'Look at the host: one that does this may be in foreign hands.',
  },
  // What the procedure lists.
  forward: {
    holds: 'list',
    refuses: 'port forwards to what scope.forward does not list',
    next: 'Ask for a procedure whose scope.forward lists the destination.',
  },
  agent_forwarding: {
    holds: 'list',
    refuses: 'forwarding of the key agent unless scope.allow names it',
    next: 'Connect without -A; put keys that are needed at the target there.',
  },
  x11_forwarding: {
    holds: 'list',
    refuses: 'X11 forwarding unless scope.allow names it',
    next: 'Connect without -X and -Y.',
  },
  remote_forwarding: {
    holds: 'list',
    refuses: 'ports opened at the target (-R) unless scope.allow names it',
    next: 'Connect without -R.',
  },
  commands: {
    holds: 'list',
    refuses: 'commands that none of the patterns of scope.commands fits, and with them shells',
    next: 'Run one of the commands that the procedure lists; `breakglass policy explain` shows them.',
  },
  never: {
    holds: 'list',
    refuses: 'commands that a pattern of scope.never fits',
    next: 'Ask for another procedure if this command is what it takes.',
  },
  // What a procedure names in scope.refuse.
  shell: {
    holds: 'named',
    refuses:
      'interactive shells, and commands that read further commands from their input, such as bash and python3',
    next: 'Run single commands: breakglass connect TARGET -- COMMAND.',
  },
  exec: {
    holds: 'named',
    refuses: 'command lines, and with them rsync and the old scp',
    next: 'Use sftp, or ask for a scope that permits commands.',
  },
  privilege_change: {
    holds: 'named',
    refuses: 'sudo, su, doas, pkexec and others that run a command as somebody else',
    next: 'Stay in the account of the grant, or ask for a grant in the other scope.',
  },
  recursive_delete: {
    holds: 'named',
    refuses: 'rm -r, find -delete, rsync --delete and others that delete whole trees',
    next: 'Name the files one by one.',
  },
  raw_disks: {
    holds: 'named',
    refuses: 'making file systems, partitioning, wiping, and writing to devices of disks',
    next: 'Ask for a scope that permits work on disks.',
  },
  power: {
    holds: 'named',
    refuses: 'shutting down, restarting and suspending the host',
    next: 'Restart the service instead of the host, or ask for a scope that permits it.',
  },
  background: {
    holds: 'named',
    refuses: 'what is made to outlive the session: nohup, setsid, at, crontab, systemd-run, tmux, &',
    next: 'Run it in the foreground; several sessions at once are possible.',
  },
  unknown_command: {
    holds: 'named',
    refuses: 'command lines of which cannot be told what they run: $x as a command, eval, defined functions',
    next: 'Write the commands out.',
  },
} as const satisfies Readonly<Record<string, RefuseRule>>

export type RuleName = keyof typeof RULES | FileRuleName

export const REFUSE_RULES: Readonly<Record<RuleName, RefuseRule>> = { ...RULES, ...FILE_RULES }

/** Every name that `scope.refuse` may hold; naming one that holds always changes nothing. */
export const RULE_NAMES = Object.keys(REFUSE_RULES) as readonly RuleName[]
