import { generateKeyPairSync, randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { expect } from 'vitest'
import { createSshProtocol } from '../../../src/protocols/ssh/index.ts'
import { publicBlob } from '../../../src/protocols/ssh/keys/public-blob.ts'
import { SshWriter } from '../../../src/protocols/ssh/messages/fields.ts'
import { SSH } from '../../../src/protocols/ssh/messages/numbers.ts'
import type { ContractClient, ProtocolLab } from '../../../src/target/contract/lab.suite.ts'
import { makeVerifier } from '../../../src/target/contract/made-verifier.suite.ts'
import { rest } from '../../../src/target/contract/stand.suite.ts'
import { descendants, hostOf, startSshd } from './lab.ts'
import { openSession, RawSshClient, startRequest } from './raw-client.ts'

const LOGIN = 'bg_client'
const SECRET = 'session-secret'

/** A real sshd and a client that speaks message by message: marks are folders, so a program and an sftp request can leave one. */
export async function openContractLab(): Promise<ProtocolLab> {
  const sshd = await startSshd()
  const folder = mkdtempSync(join(tmpdir(), 'bg-marks-'))
  const marks = watchMarks(join(folder, 'm'))
  const [hostKey, own, foreign] = [1, 2, 3].map(() => generateKeyPairSync('ed25519').privateKey)
  if (!hostKey || !own || !foreign) throw new Error('no keys')
  const make = () => createSshProtocol({ hostKey, ca: sshd.ca, now: () => Date.now() })
  const protocol = make()
  const verifier = makeVerifier(SECRET)
  const principals = join(sshd.folder, 'principals', sshd.account)
  const pins = publicBlob(hostKey)
  const targetLogin = { name: `bg_${randomBytes(6).toString('hex')}`, secret: '' }
  return {
    protocol,
    restarted: make,
    target: hostOf(sshd),
    scope: 'deploy',
    desk: {
      tls: createSecureContext(),
      verifier: async login => (login === LOGIN ? verifier : undefined),
      publicKey: async login => (login === LOGIN ? publicBlob(own) : undefined),
    },
    login: LOGIN,
    targetLogin,
    rules: { host: { never: ['touch *'], forward: [], allow: [] } },
    async connect({ port, login = LOGIN, way = 'key', wrong = false }) {
      const raw = await RawSshClient.connect(port, pins)
      const proven =
        way === 'key'
          ? await raw.proveKey(login, wrong ? foreign : own)
          : await raw.proveSecret(login, wrong ? 'wrong' : SECRET)
      if (proven) return new SshContractClient(raw, marks.folder)
      raw.socket.end()
      throw new Error([...raw.words, 'Permission denied'].join('\n'))
    },
    messages: mark => [openSession(0), startRequest(0, 'exec', `mkdir ${join(marks.folder, mark)}`)],
    marks: () => marks.inOrder(),
    running: async login => processesOf(login).length,
    async kill() {
      for (const pid of descendants(sshd.pid)) killHard(pid)
    },
    async damage() {
      const text = readFileSync(principals, 'utf8')
      writeFileSync(principals, '')
      return { repair: async () => writeFileSync(principals, text) }
    },
    async close() {
      marks.close()
      await sshd.stop()
      // What a session loses when its server is killed descends from nobody any more.
      for (const pid of processesOf(targetLogin.name)) killHard(pid)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The order in which folders came into being is what inotify says; modification times are too coarse for it. */
function watchMarks(folder: string): {
  folder: string
  inOrder(): Promise<readonly string[]>
  close(): void
} {
  mkdirSync(folder)
  chmodSync(join(folder, '..'), 0o755)
  chmodSync(folder, 0o777)
  const order: string[] = []
  const watcher = watch(folder, (_event, name) => {
    if (name !== null && !order.includes(name)) order.push(name)
  })
  return {
    folder,
    async inOrder() {
      const there = readdirSync(folder)
      await expect.poll(() => there.every(name => order.includes(name))).toBe(true)
      return order.filter(name => there.includes(name))
    },
    close: () => watcher.close(),
  }
}

/** Processes that carry the login in their environment. */
function processesOf(login: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1')
          .split('\0')
          .includes(`BREAKGLASS_LOGIN=${login}`)
      } catch {
        // It ended while we looked, or is somebody else's.
        return false
      }
    })
}

function killHard(pid: number): void {
  if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL')
}

/** The kinds of the sftp packets that have come whole. */
function kindsOf(bytes: Buffer): number[] {
  const kinds: number[] = []
  for (let at = 0; at + 5 <= bytes.length && at + 4 + bytes.readUInt32BE(at) <= bytes.length; ) {
    kinds.push(bytes[at + 4] as number)
    at += 4 + bytes.readUInt32BE(at)
  }
  return kinds
}

const MKDIR = 14
const STATUS = 101

class SshContractClient implements ContractClient {
  readonly #raw: RawSshClient
  readonly #folder: string
  readonly closed: Promise<void>

  constructor(raw: RawSshClient, folder: string) {
    this.#raw = raw
    this.#folder = folder
    this.closed = raw.untilClosed()
  }

  told(): string {
    return [...this.#raw.words, ...this.#raw.channels.map(({ err }) => err)].join('\n')
  }

  async leave(mark: string): Promise<void> {
    const { status, err } = await this.#run(`mkdir ${join(this.#folder, mark)}`)
    if (status !== 0) throw new Error(err)
  }

  async #run(command: string) {
    const channel = await this.#raw.start('exec', command)
    await this.#raw.until(() => channel.state === 'over')
    return channel
  }

  /** By sftp, whose requests are answered in order (draft-ietf-secsh-filexfer-02 §3). */
  async leaveAll(marks: readonly string[]): Promise<void> {
    const raw = this.#raw
    const channel = await raw.start('subsystem', 'sftp')
    const send = (body: SshWriter) => raw.pour(channel, new SshWriter().string(body.take()).take())
    send(new SshWriter().uint8(1).uint32(3))
    for (const [id, mark] of marks.entries())
      send(new SshWriter().uint8(MKDIR).uint32(id).string(join(this.#folder, mark)).uint32(0))
    await raw.until(() => kindsOf(channel.out).filter(kind => kind === STATUS).length === marks.length)
    raw.say({ type: 'close', recipient: channel.theirs })
    await raw.until(() => channel.state === 'over')
  }

  async leaveUnruly(mark: string): Promise<string> {
    return (await this.#run(`touch ${join(this.#folder, mark)}`)).err
  }

  async linger(): Promise<void> {
    const channel = await this.#raw.start('exec', 'echo lingering; exec sleep 600')
    await this.#raw.until(() => channel.out.includes('lingering'))
  }

  async flood(): Promise<void> {
    this.#raw.keep = 10
    // A window that never closes: only what the gateway reads and writes can hold the target back.
    const channel = await this.#raw.start('exec', 'exec yes', 0x7fffffff)
    await this.#raw.until(() => channel.out.length > 0)
  }

  async pour(): Promise<{ taken(): number; stop(): void }> {
    const channel = await this.#raw.start('exec', 'exec cat > /dev/null')
    const bytes = Buffer.alloc(1 << 15, 'x')
    const input = { taken: 0, stopped: false }
    const more = async (): Promise<void> => {
      while (!input.stopped) {
        await this.#raw.until(() => input.stopped || channel.room > 0)
        input.taken += this.#raw.pour(channel, bytes)
        if (this.#raw.socket.writableNeedDrain)
          await new Promise(resolve => this.#raw.socket.once('drain', resolve))
      }
    }
    more().catch(() => undefined)
    return {
      taken: () => input.taken,
      stop: () => {
        input.stopped = true
      },
    }
  }

  /** The second message names a channel, which the gateway must have opened before. */
  async say([first, ...others]: readonly Buffer[]): Promise<void> {
    if (first) this.#raw.send(first)
    const answer = this.#raw.heard(SSH.channelOpenConfirmation, SSH.channelOpenFailure, SSH.unimplemented)
    await Promise.race([answer.catch(() => undefined), rest(300)])
    for (const message of others) this.#raw.send(message)
  }

  pause(): void {
    this.#raw.socket.pause()
  }

  resume(): void {
    this.#raw.socket.resume()
  }

  hangUp(): void {
    this.#raw.socket.end()
    this.#raw.socket.resume()
  }

  reset(): void {
    this.#raw.socket.resetAndDestroy()
  }
}
