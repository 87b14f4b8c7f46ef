import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Api, startWorld, type World, type WorldOptions } from '../world.ts'
import { freePort } from '../../../src/sandbox/free-port.ts'
import { type Sshd, type SshdOptions, startSshd } from './lab.ts'

/** How a native client gets in under a grant: what `breakglass connect` would write, in a file of its own. */
export interface Way {
  /** For `ssh -F`; knows the target as `web-1`. */
  readonly config: string
  readonly login: string
  readonly secret: string
  readonly port: number
  readonly identity: string
  readonly knownHosts: string
}

export interface SshWorld extends World {
  readonly sshd: Sshd
  /** Ana opens web-1; a fresh key is registered for her. */
  enter(options?: {
    readonly api?: Api
    readonly for?: string
  }): Promise<{ api: Api; grant: string; way: Way }>
  /** A further login under a grant, proven by a fresh key. */
  way(api: Api, grant: string): Promise<Way>
}

export interface SshWorldOptions extends WorldOptions {
  /** Lines of the scope of web-1 in the procedure, in place of none. */
  readonly scope?: string
  /** Further targets that are the same host: their names, and the lines of their scope. */
  readonly also?: Readonly<Record<string, string>>
  readonly sshd?: SshdOptions
}

/** The organisation of `world.ts` with a host as well: a real sshd that trusts the gateway's certificate authority. */
export async function startSshWorld(options: SshWorldOptions = {}): Promise<SshWorld> {
  const scopes = { 'web-1': options.scope, ...options.also }
  const sshd = await startSshd({ targets: Object.keys(scopes), ...options.sshd })
  const port = await freePort()
  const world = await startWorld({
    ...options,
    procedures: {
      ...options.procedures,
      ...Object.fromEntries(
        Object.entries(scopes).map(([name, scope]) => [
          name,
          (text: string) =>
            text
              .replace('procedure: orders-db-emergency', `procedure: ${name}-emergency`)
              .replace('targets: [orders-db]', `targets: [${name}]`)
              .replace(/scope: .*\n/, `scope: { use: deploy${scope === undefined ? '' : `, ${scope}`} }\n`),
        ]),
      ),
    },
    config: text =>
      (options.config ?? (same => same))(
        text.replace('listen: { ', `listen: { ssh: 127.0.0.1:${port}, `).replace(
          'incidents:\n',
          `${Object.keys(scopes)
            .map(
              name =>
                `  ${name}:\n    protocol: ssh\n    address: 127.0.0.1:${sshd.port}\n    services: [orders]\n    host_keys: ["${sshd.hostKeyLine}"]\n    scopes: { deploy: { as: ${sshd.account} } }\n`,
            )
            .join('')}incidents:\n`,
        ),
      ),
    async prepare(target, folder) {
      mkdirSync(join(folder, 'keys'), { recursive: true, mode: 0o700 })
      const pem = sshd.ca.export({ type: 'pkcs8', format: 'pem' })
      writeFileSync(join(folder, 'keys', 'ssh-ca.key'), pem, { mode: 0o600 })
      await options.prepare?.(target, folder)
    },
  })
  // sshd judges certificates by the present; from here each code of an authenticator takes this world half a minute beyond it.
  world.clock.catchUp()
  let ways = 0

  const way: SshWorld['way'] = async (api, grant) => {
    const folder = join(world.folder, `way-${++ways}`)
    mkdirSync(folder)
    const identity = join(folder, 'key')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', identity])
    const sheet = await api.post<{ login: string; secret: string; port: number; host_keys: string[] }>(
      `/v1/grants/${grant}/credential`,
      { public_key: readFileSync(`${identity}.pub`, 'utf8').trim() },
    )
    const knownHosts = join(folder, 'known_hosts')
    writeFileSync(knownHosts, sheet.host_keys.map(line => `${line}\n`).join(''))
    const config = join(folder, 'config')
    writeFileSync(
      config,
      [
        'Host web-1 gateway',
        '  HostName 127.0.0.1',
        `  Port ${sheet.port}`,
        `  User ${sheet.login}`,
        `  IdentityFile ${identity}`,
        '  IdentitiesOnly yes',
        '  IdentityAgent none',
        `  UserKnownHostsFile ${knownHosts}`,
        '  GlobalKnownHostsFile none',
        '  StrictHostKeyChecking yes',
        '  ControlPath none',
        '',
      ].join('\n'),
    )
    return { config, identity, knownHosts, login: sheet.login, secret: sheet.secret, port: sheet.port }
  }

  return Object.assign(Object.create(world) as World, {
    sshd,
    way,
    async enter(wish: { readonly api?: Api; readonly for?: string } = {}) {
      const { api, grant } = await world.open({ ...wish, target: 'web-1' })
      return { api, grant, way: await way(api, grant) }
    },
    async close() {
      await world.close()
      await sshd.stop()
    },
  })
}
