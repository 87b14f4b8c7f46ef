import type { FileTransfer, FileTransferPorts } from '../sftp/file-transfer.ts'
import { refusalText } from '../sftp/file-rules.ts'
import { type ControlLine, DEEPEST, readControlLine, type ReadLine } from './control-line.ts'
import { LineBuffer } from './line-buffer.ts'
import { Replies, type Reply } from './replies.ts'
import { Copying, doneOutcome, entryAction } from './scp-actions.ts'

/**
 * `scp -t`: the client tells files, the target answers each line and each end of data. A sink that refuses a line reads what
 * follows as lines, so data are taken for data only once it has agreed: a client that does not wait is made to.
 */
export class ScpUpload implements FileTransfer {
  readonly #ports: FileTransferPorts
  readonly #lines = new LineBuffer()
  readonly #replies = new Replies(reply => this.#reply(reply))
  /** A reply that came before anybody waited for it; the first belongs to no line. */
  #early: Reply | undefined
  #hear: ((reply: Reply) => void) | undefined
  #hasRoom: (() => void) | undefined
  #greeted = false
  #times: (ControlLine & { readonly type: 'times' }) | undefined
  /** Names of the folders that are entered. */
  readonly #folders: Buffer[] = []
  /** The file that has been told and is not complete. */
  #copying: Copying | undefined
  /** A further action without an outcome. */
  #running: { readonly seq: number; readonly since: number } | undefined
  /** One side has given up: nothing of the client goes on. */
  #ended = false
  #over = false

  constructor(ports: FileTransferPorts) {
    this.#ports = ports
  }

  async fromClient(bytes: Buffer): Promise<void> {
    let at = 0
    while (at < bytes.length && !this.#over && !this.#ended) {
      if (this.#copying && this.#copying.left > 0) at = this.#data(this.#copying, bytes, at)
      else at = await this.#line(bytes, at)
    }
    if (at < bytes.length && !this.#over) this.#ports.swallowed(bytes.length - at)
  }

  fromTarget(bytes: Buffer): void {
    if (this.#over) return
    const read = this.#replies.take(bytes)
    if (read > 0) this.#ports.toClient(read === bytes.length ? bytes : bytes.subarray(0, read))
  }

  clientHasRoom(): void {
    this.#hasRoom?.()
    this.#hasRoom = undefined
  }

  close(): void {
    const now = this.#ports.now()
    this.#over = true
    if (this.#running) {
      this.#ports.finish(this.#running.seq, doneOutcome(now - this.#running.since, { cut: true }))
    }
    if (this.#copying) this.#ports.finish(this.#copying.seq, this.#copying.outcome(now, { cut: true }))
    this.#running = undefined
    this.#copying = undefined
    this.#hear?.({ type: 'fatal', message: '' })
    this.clientHasRoom()
  }

  /** A client that does not read what it is told is not read either. */
  async #tell(bytes: Buffer): Promise<void> {
    while (!this.#over && !this.#ports.answer(bytes)) {
      await new Promise<void>(resolve => {
        this.#hasRoom = resolve
      })
    }
  }

  #data(copying: Copying, bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + copying.left)
    const data = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end)
    copying.add(data)
    this.#ports.toTarget(data)
    return end
  }

  async #line(bytes: Buffer, at: number): Promise<number> {
    const copying = this.#copying
    // Behind the data of a file stands a zero byte, or an error line of the source.
    if (copying && this.#lines.empty && bytes[at] === 0) {
      await this.#complete(copying, bytes.subarray(at, at + 1), undefined)
      return at + 1
    }
    const { next, line } = this.#lines.take(bytes, at)
    if (line === undefined) return next
    const read = line === 'too long' ? undefined : readControlLine(line)
    if (read === undefined) this.#violation('an scp line that cannot be read')
    else if (!copying) await this.#told(read)
    else if (read.line.type === 'error') await this.#complete(copying, read.bytes, read.line.message)
    else this.#violation('an scp line in the place of the end of a file')
    return next
  }

  async #told(read: ReadLine): Promise<void> {
    const { line, bytes } = read
    if (!this.#greeted) {
      const greeting = await this.#answer()
      this.#greeted = true
      if (this.#over) return
      if (greeting.type !== 'ok') {
        this.#ended = true
        return this.#ports.swallowed(bytes.length)
      }
    }
    if (line.type === 'file' || line.type === 'folder') return this.#entry(line, read)
    if (line.type === 'end' && this.#folders.length === 0) {
      return this.#violation('an scp folder that ends before it began')
    }
    this.#ports.toTarget(bytes)
    if (line.type === 'error') {
      this.#ended = line.fatal
      return
    }
    const reply = await this.#answer()
    if (reply.type === 'fatal') this.#ended = true
    if (line.type === 'end') this.#folders.pop()
    else this.#times = reply.type === 'ok' ? line : undefined
  }

  async #entry(line: ControlLine & { readonly type: 'file' | 'folder' }, read: ReadLine): Promise<void> {
    const { rules } = this.#ports
    if (this.#folders.length >= DEEPEST) return this.#violation('scp folders nested too deep')
    const action = entryAction('upload', line, [...this.#folders, read.name], this.#times, rules)
    this.#times = undefined
    const { forward, seq, refusal } = await this.#ports.submit(action)
    if (this.#over) return
    if (!forward) {
      if (!refusal || refusal.rule === 'ended') this.#over = true
      else {
        this.#ports.swallowed(read.bytes.length)
        await this.#tell(Buffer.from(`\x01scp: ${refusalText(refusal, rules)}\n`))
      }
      return
    }
    const since = this.#ports.now()
    const reply = await this.#acted(seq, since, read.bytes)
    if (!reply) return
    if (reply.type === 'ok' && line.type === 'file') {
      this.#copying = new Copying(seq, action.text ?? '', line.size, since)
      return
    }
    if (reply.type === 'ok') this.#folders.push(read.name)
    this.#ports.finish(seq, doneOutcome(this.#ports.now() - since, { cut: false, reply }))
  }

  /** The digest is durable before the target is told that the file is complete. */
  async #complete(copying: Copying, bytes: Buffer, error: string | undefined): Promise<void> {
    const { forward, seq } = await this.#ports.submit(copying.closing(error))
    if (this.#over) return
    if (!forward) {
      this.#over = true
      return
    }
    const since = this.#ports.now()
    const reply = await this.#acted(seq, since, bytes)
    if (!reply) return
    const now = this.#ports.now()
    this.#copying = undefined
    this.#ports.finish(seq, doneOutcome(now - since, { cut: false, reply }))
    this.#ports.finish(copying.seq, copying.outcome(now, { cut: false, reply, error }))
  }

  /** Forwards what was permitted and waits for the answer; undefined: the channel ended first, and said so of the action. */
  async #acted(seq: number, since: number, bytes: Buffer): Promise<Reply | undefined> {
    this.#running = { seq, since }
    this.#ports.toTarget(bytes)
    const reply = await this.#answer()
    if (this.#over) return undefined
    this.#running = undefined
    if (reply.type === 'fatal') this.#ended = true
    return reply
  }

  #answer(): Promise<Reply> {
    const early = this.#early
    this.#early = undefined
    if (early) return Promise.resolve(early)
    return new Promise(resolve => {
      this.#hear = resolve
    })
  }

  #reply(reply: Reply): void {
    const hear = this.#hear
    this.#hear = undefined
    if (hear) return hear(reply)
    const greets = !this.#greeted && !this.#early
    // Data that it cannot keep a sink may bemoan before they are complete; it then says nothing more behind them.
    const bemoans = reply.type === 'error' && this.#copying !== undefined && !this.#early
    if (greets || bemoans) this.#early = reply
    else if (reply.type === 'ok') this.#violation('an scp reply of the target that nothing asked for')
    else this.#ended = true
  }

  #violation(what: string): void {
    if (this.#over) return
    this.#over = true
    this.#ports.violation(what)
  }
}
