import { readSheet } from './ssh-sheet.ts'
import type { Invocation, NativeClient } from './native-client.ts'
import { filesOf, newSshLogin, removeSshLogin } from './ssh-logins.ts'
import { refreshConfig } from './ssh-config-file.ts'
import { quotedWord } from './libpq.ts'

/** How each client is told of a configuration file: words before those of the person, and variables. */
const CLIENTS: Readonly<
  Record<
    string,
    (config: string) => { readonly args?: readonly string[]; readonly env?: Record<string, string> }
  >
> = {
  ssh: config => ({ args: ['-F', config] }),
  scp: config => ({ args: ['-F', config] }),
  sftp: config => ({ args: ['-F', config] }),
  rsync: config => ({ env: { RSYNC_RSH: `ssh -F ${quotedWord(config)}` } }),
  git: config => ({ env: { GIT_SSH_COMMAND: `ssh -F ${quotedWord(config)}` } }),
  ansible: ansible,
  'ansible-playbook': ansible,
}

/** `-C` and the shared connection are what Ansible does by itself; both go when its variable is set. */
function ansible(config: string): { readonly env: Record<string, string> } {
  const shared = '-C -o ControlMaster=auto -o ControlPersist=30s'
  return { env: { ANSIBLE_SSH_ARGS: `-F ${quotedWord(config)} ${shared}` } }
}

/** ssh, and what runs on top of it. */
export const ssh: NativeClient = {
  program: 'ssh',
  async prepare(call, client, grant, args): Promise<Invocation> {
    await refreshConfig(call, client)
    const login = await newSshLogin(call, client, grant, 'run')
    const { config } = filesOf(call, login)
    const [first = '', ...rest] = args
    const named = Object.hasOwn(CLIENTS, first) ? CLIENTS[first] : undefined
    const { args: before = [], env = {} } = (named ?? CLIENTS['ssh'])?.(config) ?? {}
    return {
      program: named ? first : 'ssh',
      // ssh takes options after the host too, so what is typed may be a command, options, or both.
      args: [...before, ...(named ? rest : [login.target, ...args])],
      env: { ...call.terminal.env, ...env },
      install: named ? `Install ${first}, or use another client.` : 'Install the OpenSSH client.',
      done: () => removeSshLogin(call, login),
    }
  },
  describe(_call, _client, sheet) {
    readSheet(sheet)
    return {
      lines: [
        `  host ${sheet.host}  port ${sheet.port}`,
        `  user ${sheet.login}  password ${sheet.secret}`,
        ...(sheet.host_keys ?? []).map(line => `  known host ${line}`),
        'or with a key, in your own ssh, scp, rsync and Ansible:',
        `  breakglass ssh-config ${sheet.target} --write`,
      ],
      facts: {},
    }
  },
}
