/** What a block of ssh_config(5) is made of. */
export interface SshHost {
  /** The name to type; `breakglass connect` and `ssh` use the same. */
  readonly target: string
  readonly host: string
  readonly port: number
  readonly login: string
  /** Absolute paths. */
  readonly identityFile: string
  readonly knownHostsFile: string
  /** The name that the gateway's key has in `knownHostsFile`. */
  readonly hostKeyAlias: string
}

/**
 * `web-1` through the gateway, and `web-1.jump` for tools that insist on a jump: the gateway answers both connections of it, so that the
 * second one is recorded like any. What the person has set for all hosts must not lead elsewhere; the first value counts.
 */
export function sshConfigText(of: SshHost): string {
  const { target, host, port, login, hostKeyAlias } = of
  return `Host ${target}.jump
  HostName ${target}
  Port 22
  ProxyJump ${target}.gateway
Host ${target} ${target}.gateway
  HostName ${host}
  Port ${port}
  ProxyCommand none
Host ${target} ${target}.gateway ${target}.jump
  User ${login}
  IdentityFile ${quoted(of.identityFile)}
  IdentitiesOnly yes
  PreferredAuthentications publickey
  HostKeyAlias ${hostKeyAlias}
  HostKeyAlgorithms ssh-ed25519
  UserKnownHostsFile ${quoted(of.knownHostsFile)}
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  UpdateHostKeys no
  ForwardAgent no
  ForwardX11 no
  # A ControlPath without the user name would be shared by all hosts behind one gateway: a command for one would run on another.
  ControlMaster no
  ControlPath none
`
}

/** ssh_config(5) expands `%` in file names and takes quotes around what has spaces. */
function quoted(path: string): string {
  const text = path
    .replaceAll('%', '%%')
    .replaceAll('\\', process.platform === 'win32' ? '/' : String.raw`\\`)
  return /^[\w./:@%+,-]+$/.test(text) ? text : `"${text.replaceAll('"', String.raw`\"`)}"`
}
