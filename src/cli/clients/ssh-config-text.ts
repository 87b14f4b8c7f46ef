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

/** `web-1` through the gateway, for tools that insist on a jump as well. */
export function sshConfigText(host: SshHost): string {
  return [...hostBlock(host), '', ...jumpBlock(host), ''].join('\n')
}

/** Lines of `Host web-1`. What the person has set for all hosts must not lead elsewhere: a value that is given here counts first. */
function hostBlock(host: SshHost): readonly string[] {
  return [
    `Host ${host.target}`,
    `  HostName ${host.host}`,
    `  Port ${host.port}`,
    ...common(host),
    '  ProxyJump none',
    // A ControlPath without the user name would be shared by all targets behind one gateway: a command for one would run on another.
    '  ControlMaster no',
    '  ControlPath none',
  ]
}

/** The same host as if it lay behind a jump host; the gateway answers both connections, so the second one is recorded like any. */
function jumpBlock(host: SshHost): readonly string[] {
  return [
    `Host ${host.target}.jump`,
    `  HostName ${host.target}`,
    '  Port 22',
    ...common(host),
    `  ProxyJump ${host.target}`,
    '  ControlMaster no',
    '  ControlPath none',
  ]
}

function common({ login, identityFile, knownHostsFile, hostKeyAlias }: SshHost): readonly string[] {
  return [
    `  User ${login}`,
    `  IdentityFile ${quoted(identityFile)}`,
    '  IdentitiesOnly yes',
    '  PreferredAuthentications publickey',
    `  HostKeyAlias ${hostKeyAlias}`,
    `  UserKnownHostsFile ${quoted(knownHostsFile)}`,
    '  GlobalKnownHostsFile none',
    '  HostKeyAlgorithms ssh-ed25519',
    '  StrictHostKeyChecking yes',
    '  UpdateHostKeys no',
    '  ForwardAgent no',
    '  ForwardX11 no',
  ]
}

/** ssh_config(5) expands `%` in file names and takes quotes around what has spaces. */
function quoted(path: string): string {
  const text = path
    .replaceAll('%', '%%')
    .replaceAll('\\', process.platform === 'win32' ? '/' : String.raw`\\`)
  return /^[\w./:@%+,-]+$/.test(text) ? text : `"${text.replaceAll('"', String.raw`\"`)}"`
}
