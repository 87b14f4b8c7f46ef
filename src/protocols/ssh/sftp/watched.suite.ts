import type { SessionRules } from '../../../target/action.ts'
import { RecordingGuard } from '../../../target/recording-guard.suite.ts'
import type { FileTransfer, FileTransferPorts } from './file-transfer.ts'

/** A transfer between two ends that the test plays, with everything it did. */
export class Watched {
  readonly guard: RecordingGuard
  readonly transfer: FileTransfer
  readonly toTarget: Buffer[] = []
  readonly toClient: Buffer[] = []
  readonly violations: string[] = []
  swallowed = 0
  answered = 0
  /** The client has no room for answers of ours. */
  full = false

  constructor(create: (ports: FileTransferPorts) => FileTransfer, rules: Partial<SessionRules> = {}) {
    const guard = new RecordingGuard(rules)
    this.guard = guard
    this.transfer = create({
      rules: guard.rules,
      submit: action => guard.submit(action),
      finish: (seq, outcome) => guard.finish(seq, outcome),
      toTarget: bytes => void this.toTarget.push(Buffer.from(bytes)),
      toClient: bytes => void this.toClient.push(Buffer.from(bytes)),
      answer: bytes => {
        if (this.full) return false
        this.answered += bytes.length
        this.toClient.push(Buffer.from(bytes))
        return true
      },
      swallowed: count => {
        this.swallowed += count
      },
      now: () => 0,
      violation: what => void this.violations.push(what),
    })
  }

  /** Hands bytes in as a relay does: in the pieces named, one after the other, in memory that is used again. */
  async client(bytes: Buffer, ...cuts: readonly number[]): Promise<void> {
    for (const piece of pieces(bytes, cuts)) {
      await this.transfer.fromClient(piece)
      piece.fill(0xee)
    }
  }

  target(bytes: Buffer, ...cuts: readonly number[]): void {
    for (const piece of pieces(bytes, cuts)) {
      this.transfer.fromTarget(piece)
      piece.fill(0xee)
    }
  }

  /** The client takes more again. */
  drain(): void {
    this.full = false
    this.transfer.clientHasRoom()
  }

  get atTarget(): Buffer {
    return Buffer.concat(this.toTarget)
  }

  get atClient(): Buffer {
    return Buffer.concat(this.toClient)
  }
}

/** Pieces of these sizes, again and again; without sizes the whole. */
function* pieces(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % Math.max(sizes.length, 1)] ?? bytes.length
    yield Buffer.from(bytes.subarray(at, at + size))
    at += size
  }
}
