import type { Permit } from '../../../target/action.ts'
import type { FileTransfer, FileTransferPorts } from '../sftp/file-transfer.ts'
import { refusalText } from '../sftp/file-rules.ts'
import { type ControlLine, DEEPEST, readControlLine, type ReadLine } from './control-line.ts'
import { LineBuffer } from './line-buffer.ts'
import { Replies, type Reply } from './replies.ts'
import { Copying, doneOutcome, entryAction } from './scp-actions.ts'

/** Bytes of the target that wait for the evidence of a line; a source waits for the client's reply before it says more. */
const MOST_HELD = 64 * 1024

type Entry = ControlLine & { readonly type: 'file' | 'folder' }

/** What the client's next reply is about. */
type Question =
  | { readonly type: 'begin' }
  | { readonly type: 'times'; readonly line: ControlLine & { readonly type: 'times' } }
  | { readonly type: 'end' }
  | {
      readonly type: 'entry'
      readonly line: Entry
      readonly name: Buffer
      readonly seq: number
      readonly since: number
      readonly text: string
    }
  | { readonly type: 'complete'; readonly copying: Copying; readonly error: string | undefined }

/** `scp -f`: the target tells files, each durable before the client hears of it; the client answers each line and each end of data. */
export class ScpDownload implements FileTransfer {
  readonly #ports: FileTransferPorts
  readonly #lines = new LineBuffer()
  readonly #replies = new Replies(reply => this.#reply(reply))
  #question: Question | undefined = { type: 'begin' }
  #times: (ControlLine & { readonly type: 'times' }) | undefined
  readonly #folders: Buffer[] = []
  /** The file whose data, or the end of them, come next. */
  #copying: Copying | undefined
  /** Set while evidence is waited for. */
  #held: Buffer[] | undefined
  #heldLength = 0
  /** The last words to the client, until it has room for them. */
  #unsaid: Buffer | undefined
  /** One side has given up: nothing goes on in either direction. */
  #ended = false
  #over = false

  constructor(ports: FileTransferPorts) {
    this.#ports = ports
  }

  fromClient(bytes: Buffer): void {
    if (this.#over) return
    const read = this.#ended ? 0 : this.#replies.take(bytes)
    if (this.#over) return
    if (read > 0) this.#ports.toTarget(read === bytes.length ? bytes : bytes.subarray(0, read))
    if (read < bytes.length) this.#ports.swallowed(bytes.length - read)
  }

  fromTarget(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && !this.#over && !this.#ended; ) {
      if (this.#held) return this.#hold(this.#held, bytes.subarray(at))
      if (this.#question) return this.#violation('scp data of the target that did not wait for a reply')
      at =
        this.#copying && this.#copying.left > 0 ? this.#data(this.#copying, bytes, at) : this.#line(bytes, at)
    }
  }

  clientHasRoom(): void {
    if (this.#unsaid && !this.#over && this.#ports.answer(this.#unsaid)) this.#unsaid = undefined
  }

  close(): void {
    const now = this.#ports.now()
    const question = this.#question
    const copying = question?.type === 'complete' ? question.copying : this.#copying
    this.#over = true
    this.#question = undefined
    this.#copying = undefined
    if (question?.type === 'entry') {
      this.#ports.finish(question.seq, doneOutcome(now - question.since, { cut: true }))
    }
    if (copying) this.#ports.finish(copying.seq, copying.outcome(now, { cut: true }))
  }

  #data(copying: Copying, bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + copying.left)
    const data = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end)
    copying.add(data)
    this.#ports.toClient(data)
    return end
  }

  #line(bytes: Buffer, at: number): number {
    const copying = this.#copying
    if (copying && this.#lines.empty && bytes[at] === 0) {
      this.#complete(copying, bytes.subarray(at, at + 1), undefined)
      return at + 1
    }
    const { next, line } = this.#lines.take(bytes, at)
    if (line === undefined) return next
    const read = line === 'too long' ? undefined : readControlLine(line)
    if (read === undefined) this.#violation('an scp line of the target that cannot be read')
    else if (!copying) this.#told(read)
    else if (read.line.type === 'error') this.#complete(copying, read.bytes, read.line.message)
    else this.#violation('an scp line of the target in the place of the end of a file')
    return next
  }

  #complete(copying: Copying, bytes: Buffer, error: string | undefined): void {
    this.#copying = undefined
    this.#question = { type: 'complete', copying, error }
    this.#ports.toClient(bytes)
  }

  #told(read: ReadLine): void {
    const { line, bytes } = read
    switch (line.type) {
      case 'file':
      case 'folder':
        return this.#entry(line, read)
      case 'error':
        this.#ended = line.fatal
        break
      case 'times':
        this.#question = { type: 'times', line }
        break
      case 'end':
        if (this.#folders.length === 0) return this.#violation('an scp folder that ends before it began')
        this.#question = { type: 'end' }
    }
    this.#ports.toClient(bytes)
  }

  #entry(line: Entry, read: ReadLine): void {
    if (this.#folders.length >= DEEPEST) return this.#violation('scp folders nested too deep')
    const action = entryAction(
      'download',
      line,
      [...this.#folders, read.name],
      this.#times,
      this.#ports.rules,
    )
    this.#times = undefined
    const given = this.#ports.submit(action)
    const go = (permit: Permit): void => this.#decided(line, read, action.text ?? '', permit)
    if (!(given instanceof Promise)) return go(given)
    this.#held = []
    given.then(
      permit => {
        const held = this.#held ?? []
        this.#held = undefined
        this.#heldLength = 0
        go(permit)
        for (const bytes of held) this.fromTarget(bytes)
      },
      () => this.#violation('an scp file that could not be recorded'),
    )
  }

  #decided(line: Entry, { bytes, name }: ReadLine, text: string, { forward, seq, refusal }: Permit): void {
    if (this.#over) return
    if (forward) {
      this.#question = { type: 'entry', line, name, seq, text, since: this.#ports.now() }
      this.#ports.toClient(bytes)
    } else if (!refusal || refusal.rule === 'ended') this.#over = true
    else {
      // What a rule refuses of one file it refuses of all: the client is told to give up, which ends the source too.
      this.#ended = true
      this.#unsaid = Buffer.from(`\x02scp: ${refusalText(refusal, this.#ports.rules)}\n`)
      this.clientHasRoom()
    }
  }

  #hold(held: Buffer[], bytes: Buffer): void {
    this.#heldLength += bytes.length
    if (this.#heldLength > MOST_HELD) {
      this.#violation('scp data of the target that did not wait for a reply')
    } else held.push(Buffer.from(bytes))
  }

  #reply(reply: Reply): void {
    const question = this.#question
    this.#question = undefined
    if (!question) {
      if (reply.type === 'ok') return this.#violation('an scp reply that nothing asked for')
      // A client that breaks off says so at any time.
      this.#ended = true
      return
    }
    if (reply.type === 'fatal') this.#ended = true
    const now = this.#ports.now()
    switch (question.type) {
      case 'begin':
        return
      case 'times':
        this.#times = reply.type === 'ok' ? question.line : undefined
        return
      case 'end':
        this.#folders.pop()
        return
      case 'complete': {
        const { copying, error } = question
        return this.#ports.finish(copying.seq, copying.outcome(now, { cut: false, reply, error }))
      }
      case 'entry': {
        const { line, seq, since, name, text } = question
        if (reply.type === 'ok' && line.type === 'file') {
          this.#copying = new Copying(seq, text, line.size, since)
          return
        }
        if (reply.type === 'ok') this.#folders.push(name)
        this.#ports.finish(seq, doneOutcome(now - since, { cut: false, reply }))
      }
    }
  }

  #violation(what: string): void {
    if (this.#over) return
    this.#over = true
    this.#ports.violation(what)
  }
}
