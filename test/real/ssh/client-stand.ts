import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { breakglass } from '../breakglass.ts'
import { freePort } from '../../../src/sandbox/free-port.ts'
import type { Api } from '../world.ts'
import { type SshWorld, startSshWorld } from './world.ts'
import { found, PATIENCE_MS } from '../../support/wait.ts'

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly input?: Buffer | string
  readonly env?: Readonly<Record<string, string>>
  /** Instead of waiting for its end: this is done while it runs, then it is ended. `err`: what it has said so far. */
  readonly while?: (err: () => string) => Promise<void>
}

/**
 * What clients work with: web-1 under a grant of ana, and web-2, the same host under a procedure that allows what web-1 refuses; both set up
 * by `breakglass ssh-config --write`.
 */
export class ClientStand {
  readonly world: SshWorld
  readonly api: Api
  readonly grant: string
  /** Of web-2. */
  readonly wideGrant: string
  /** The file for `ssh -F`, as the person's own config would include it. */
  readonly config: string
  /** A login that only the secret proves. */
  readonly typed: { readonly login: string; readonly secret: string; readonly port: number }
  readonly knownHosts: string
  /** Of this machine; `remote` is on the host and belongs to its account. */
  readonly folder: string
  readonly remote: string
  /** A server at the host that answers with what it was sent: where forwards may lead. */
  readonly echoPort: number
  /** The same server by a path. */
  readonly echoPath: string
  readonly #echo: readonly Server[]
  readonly #auditor: Api
  readonly #seen = new Set<string>()

  private constructor(parts: {
    world: SshWorld
    api: Api
    auditor: Api
    grant: string
    wideGrant: string
    config: string
    knownHosts: string
    typed: ClientStand['typed']
    remote: string
    folder: string
    echo: readonly Server[]
    echoPort: number
    echoPath: string
  }) {
    this.world = parts.world
    this.api = parts.api
    this.grant = parts.grant
    this.wideGrant = parts.wideGrant
    this.config = parts.config
    this.knownHosts = parts.knownHosts
    this.typed = parts.typed
    this.remote = parts.remote
    this.folder = parts.folder
    this.echoPort = parts.echoPort
    this.echoPath = parts.echoPath
    this.#echo = parts.echo
    this.#auditor = parts.auditor
  }

  static async start(): Promise<ClientStand> {
    const echoPort = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'bg-clients-'))
    // The account of the host must get at the socket.
    chmodSync(folder, 0o711)
    const echoPath = join(folder, 'echo.sock')
    const echo = [echoPort, echoPath].map(at =>
      createServer(socket => {
        socket.on('error', () => socket.destroy())
        socket.pipe(socket)
      }).listen(typeof at === 'number' ? { port: at, host: '127.0.0.1' } : { path: at, writableAll: true }),
    )
    const world = await startSshWorld({
      scope: `forward: ["127.0.0.1:${echoPort}"]`,
      also: {
        'web-2': `allow: [agent_forwarding, x11_forwarding, remote_forwarding], forward: ["127.0.0.1:${echoPort}", "unix:${echoPath}"]`,
      },
    })
    const auditor = await world.signIn('priya')
    const { api, grant } = await world.open({ target: 'web-1' })
    const { grant: wideGrant } = await world.open({ api, target: 'web-2' })
    const person = { url: world.server.url, token: api.token, state: join(folder, 'state') }
    const written = await breakglass(person, ['ssh-config', '--write', '--json'])
    const { file, hosts } = JSON.parse(written.out) as { file: string; hosts: { known_hosts_file: string }[] }
    const typed = await api.post<ClientStand['typed']>(`/v1/grants/${grant}/credential`)
    const made = await run('ssh', ['-F', file, 'web-1', 'mktemp -d /tmp/bg-clients-host-XXXXXX'])
    const stand = new ClientStand({
      world,
      api,
      auditor,
      grant,
      wideGrant,
      config: file,
      knownHosts: hosts[0]?.known_hosts_file ?? '',
      typed: { ...typed, login: typed.login },
      remote: made.out.trim(),
      folder,
      echo,
      echoPort,
      echoPath,
    })
    await stand.recorded()
    return stand
  }

  ssh(args: readonly string[], options?: RunOptions): Promise<Ran> {
    return run('ssh', ['-F', this.config, ...args], options)
  }

  /**
   * What the sessions since the last call left on record, in order: `exec id`, `forward refused (forward) 127.0.0.1:1`, and
   * `agent_forwarding_channel (80 bytes)`. Waits until they are closed.
   */
  async recorded(): Promise<readonly string[]> {
    return found(async () => {
      const both = await Promise.all(
        [this.wideGrant, this.grant].map(grant =>
          this.#auditor.get<{ sessions: { id: string; closed_at?: string }[] }>(
            `/v1/sessions?grant=${grant}`,
          ),
        ),
      )
      const fresh = both.flatMap(({ sessions }) => sessions.filter(({ id }) => !this.#seen.has(id)).reverse())
      if (fresh.length > 0 && fresh.every(({ closed_at }) => closed_at !== undefined)) {
        const lines: string[] = []
        for (const { id } of fresh) {
          this.#seen.add(id)
          lines.push(...(await this.#actions(id)))
        }
        return lines
      }
      return undefined
    }, 'sessions that are closed')
  }

  async #actions(session: string): Promise<string[]> {
    const response = await fetch(`${this.world.server.url}/v1/sessions/${session}/actions`, {
      headers: { authorization: `Bearer ${this.#auditor.token}` },
    })
    const entries = (await response.text())
      .trim()
      .split('\n')
      .map(
        line =>
          JSON.parse(line) as {
            type?: string
            outcome?: string
            data?: { kind: string; n: number; rules?: string[]; bytes?: number }
            content?: { text?: string }
          },
      )
    const bytes = new Map(
      entries.flatMap(({ type, data }) => (type === 'result' && data ? [[data.n, data.bytes]] : [])),
    )
    return entries
      .filter(({ type }) => type === 'action')
      .map(({ outcome, data, content }) =>
        [
          data?.kind,
          ...(outcome === 'refused' ? [`refused (${data?.rules?.join()})`] : []),
          ...(content?.text === undefined ? [] : [content.text]),
          // What the target opened towards the client.
          ...(data?.kind.endsWith('_channel') ? [`(${bytes.get(data.n)} bytes)`] : []),
        ].join(' '),
      )
  }

  async stop(): Promise<void> {
    for (const server of this.#echo) server.close()
    await this.world.close()
    rmSync(this.folder, { recursive: true, force: true })
    rmSync(this.remote, { recursive: true, force: true })
  }
}

/** Ends by itself, or is ended after `while`. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      LC_ALL: 'C.UTF-8',
      TERM: 'xterm',
      ...options.env,
    },
  })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin.on('error', () => undefined)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const limit = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  if (options.while) {
    await options.while(() => Buffer.concat(err).toString()).finally(() => child.kill('SIGTERM'))
  } else child.stdin.end(options.input ?? '')
  const code = await ended
  clearTimeout(limit)
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
}

export function sha256Of(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
