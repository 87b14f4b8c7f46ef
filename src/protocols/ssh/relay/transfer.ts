import type { FileTransfer, FileTransferPorts } from '../sftp/file-transfer.ts'
import { Fault } from '../../../kernel/faults.ts'
import type { Guard } from '../../../target/protocol.ts'
import type { Channel } from './channel.ts'
import { objectionWords } from './context.ts'
import type { Flow } from './flow.ts'
import { readExitStatus } from './session-requests.ts'

export interface TransferOptions {
  readonly seq: number
  readonly channel: Channel
  readonly guard: Guard
  readonly now: () => number
  /** OpenSSH shows of a refused operation by sftp its code alone; the words go where its errors go, once per rule. */
  readonly sayRefusals: boolean
  create(ports: FileTransferPorts): FileTransfer
}

/** Files on their way by sftp or by the scp of old: each is an action of its own, within the one that started the channel. */
export class Transfer implements Flow {
  readonly #options: TransferOptions
  readonly #transfer: FileTransfer
  readonly #began: number
  readonly #said = new Set<string>()
  #bytes = 0
  #exit: { readonly code: string; readonly message: string } | undefined

  constructor(options: TransferOptions) {
    this.#options = options
    this.#began = options.now()
    const { channel, guard } = options
    this.#transfer = options.create({
      rules: guard.rules,
      submit: action => {
        const [objection] = action.objections
        if (objection && options.sayRefusals && !this.#said.has(objection.rule)) {
          this.#said.add(objection.rule)
          this.notice(objectionWords(objection, guard.rules))
        }
        return guard.submit(action)
      },
      finish: (seq, outcome) => guard.finish(seq, outcome),
      toTarget: bytes => channel.toTarget(bytes),
      toClient: bytes => channel.toClient(bytes, false),
      answer: bytes => channel.sayNow(bytes),
      swallowed: count => channel.swallowed(count),
      now: options.now,
      violation: what => channel.fault(new Fault('protocol.violation', what)),
    })
    for (const words of channel.owedWords.splice(0)) this.notice(words)
  }

  fromClient(bytes: Buffer): void | Promise<void> {
    this.#options.guard.touch()
    this.#bytes += bytes.length
    return this.#transfer.fromClient(bytes)
  }

  clientEof(): void {
    this.#options.channel.eofToTarget()
  }

  fromTarget(bytes: Buffer, stderr: boolean): void {
    this.#bytes += bytes.length
    if (stderr) this.#options.channel.toClient(bytes, true)
    else this.#transfer.fromTarget(bytes)
  }

  clientHasRoom(): void {
    this.#transfer.clientHasRoom()
  }

  told(name: string, data: Buffer): void {
    if (name !== 'exit-status') return
    const status = readExitStatus(data)
    if (status !== 0) this.#exit = { code: `exit_${status}`, message: `exit status ${status}` }
  }

  /** Both programs show what comes as error to the person. */
  notice(text: string): void {
    this.#options.channel.say(Buffer.from(`${text}\n`), true)
  }

  farewell(text: string): boolean {
    this.notice(text)
    return this.#options.channel.saidAll
  }

  closed(): void {
    const { guard, seq, now } = this.#options
    this.#transfer.close()
    guard.finish(seq, {
      rows: 0,
      bytes: this.#bytes,
      ms: now() - this.#began,
      ...(this.#exit && { error: this.#exit }),
      cut: false,
    })
  }
}
