import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionRules } from '../../../src/target/action.ts'
import type { FileTransfer, FileTransferPorts } from '../../../src/protocols/ssh/sftp/file-transfer.ts'
import { createScp } from '../../../src/protocols/ssh/scp/scp.ts'
import { scpDirection } from '../../../src/protocols/ssh/scp/scp-direction.ts'
import { createSftp } from '../../../src/protocols/ssh/sftp/sftp.ts'
import { RecordingGuard } from '../../../src/target/recording-guard.suite.ts'

const SFTP_SERVER = '/usr/lib/openssh/sftp-server'

/** What the tests of transfers need of Debian. */
export const TRANSFER_PROGRAMS: readonly string[] = [SFTP_SERVER, '/usr/bin/sftp', '/usr/bin/scp']

export const transfersPossible = TRANSFER_PROGRAMS.every(path => existsSync(path))

/** What a client came to. */
export interface Ran {
  readonly code: number
  readonly out: string
}

/**
 * Real clients on one side, the real sftp-server or scp on the other, the watcher between them: in the place of the ssh that
 * carries the channel stands a pipe.
 */
export class TransferRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'transfer-'))
  /** Stands in for ssh in `-S` and `-D`. */
  readonly program = join(this.folder, 'pipe')
  readonly violations: string[] = []
  guard = new RecordingGuard()
  swallowed = 0
  answered = 0
  readonly #server: Server
  readonly #children: ChildProcessWithoutNullStreams[] = []
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', socket => this.#connected(socket))
  }

  static async start(): Promise<TransferRig> {
    const server = createServer()
    const rig = new TransferRig(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const pipe = join(import.meta.dirname, 'stdio-pipe.mjs')
    const script = `#!/bin/sh\nPIPE_PORT=${rig.port} exec ${process.execPath} ${pipe} "$@"\n`
    writeFileSync(rig.program, script)
    chmodSync(rig.program, 0o755)
    return rig
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** A fresh record, under these rules. */
  under(rules: Partial<SessionRules>, delayMs?: number): RecordingGuard {
    this.guard = new RecordingGuard(rules)
    this.guard.delayMs = delayMs
    return this.guard
  }

  /** Runs a client to its end; both its outputs. */
  run(file: string, args: readonly string[], input = ''): Promise<Ran> {
    return new Promise(resolve => {
      const child = execFile(
        file,
        [...args],
        { cwd: this.folder, timeout: 60_000, maxBuffer: 1 << 24 },
        (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code ?? 1) : 0, out: stdout + stderr })
        },
      )
      child.stdin?.end(input)
    })
  }

  /** `sftp` with a batch of commands. */
  sftp(lines: readonly string[], options: readonly string[] = []): Promise<Ran> {
    return this.run(
      '/usr/bin/sftp',
      [...options, '-b', '-', '-S', this.program, 'host'],
      `${lines.join('\n')}\n`,
    )
  }

  /** `scp`; `host:` names the target. */
  scp(args: readonly string[]): Promise<Ran> {
    return this.run('/usr/bin/scp', ['-S', this.program, ...args])
  }

  /** What holds after every transfer: nobody broke the protocol, and all that was permitted has an outcome. Throws. */
  mustBeSettled(): void {
    const wrong = this.violations.splice(0).map(what => `violation: ${what}`)
    this.guard.actions.forEach(({ kind, text, objections }, i) => {
      if (objections.length === 0 && !this.guard.outcomes.has(i + 1)) {
        wrong.push(`without outcome: ${kind} ${text}`)
      }
    })
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    for (const child of this.#children) child.kill()
    await new Promise(resolve => this.#server.close(resolve))
    rmSync(this.folder, { recursive: true, force: true })
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket)
    let head = Buffer.alloc(0)
    const begin = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf(0x0a)
      if (end < 0) return
      socket.off('data', begin)
      const args = JSON.parse(head.toString('utf8', 0, end)) as string[]
      this.#join(socket, args, head.subarray(end + 1))
    }
    socket.on('data', begin)
    socket.on('error', () => undefined)
  }

  /** As a relay does: the next chunk of the client waits for the one before. */
  #join(socket: Socket, args: readonly string[], first: Buffer): void {
    const command = args.at(-1) ?? ''
    const direction = scpDirection(command)
    const target =
      direction === undefined
        ? spawn(SFTP_SERVER, [], { cwd: this.folder })
        : spawn('/bin/sh', ['-c', command], { cwd: this.folder })
    this.#children.push(target)
    const guard = this.guard
    const ports: FileTransferPorts = {
      rules: guard.rules,
      submit: action => guard.submit(action),
      finish: (seq, outcome) => guard.finish(seq, outcome),
      toTarget: bytes => void target.stdin.write(Buffer.from(bytes)),
      toClient: bytes => void socket.write(Buffer.from(bytes)),
      answer: bytes => {
        this.answered += bytes.length
        socket.write(bytes)
        return true
      },
      swallowed: count => {
        this.swallowed += count
      },
      now: () => performance.now(),
      violation: what => {
        this.violations.push(what)
        socket.destroy()
        target.kill()
      },
    }
    const transfer: FileTransfer = direction === undefined ? createSftp(ports) : createScp(direction, ports)
    let line = Promise.resolve()
    const take = (chunk: Buffer): void => {
      line = line.then(() => transfer.fromClient(chunk))
    }
    if (first.length > 0) take(first)
    socket.on('data', take)
    socket.on('end', () => void line.then(() => target.stdin.end()))
    target.stdout.on('data', (chunk: Buffer) => transfer.fromTarget(chunk))
    target.stdin.on('error', () => undefined)
    target.stderr.resume()
    target.on('close', () => {
      transfer.close()
      socket.end()
    })
    socket.on('close', () => {
      this.#sockets.delete(socket)
      transfer.close()
      target.stdin.end()
    })
  }
}
