import { isFault } from '../../../kernel/faults.ts'
import type { FileTransferPorts } from './file-transfer.ts'
import { OpenFiles } from './open-files.ts'
import { OwedAnswers } from './owed-answers.ts'

/** What both directions of one sftp channel share. */
export class SftpChannel {
  readonly ports: FileTransferPorts
  readonly files = new OpenFiles()
  readonly owed = new OwedAnswers()
  /** The client has said INIT, the target VERSION. */
  greeted = false
  agreed = false
  /** Nothing is forwarded any more, in either direction. */
  over = false

  constructor(ports: FileTransferPorts) {
    this.ports = ports
  }

  violation(what: string): void {
    if (this.over) return
    this.over = true
    this.ports.violation(what)
  }

  /** Runs what reads bytes of somebody else: what they say wrong is a violation. */
  reading(read: () => void): void {
    try {
      read()
    } catch (error) {
      if (!isFault(error, 'protocol.violation')) throw error
      this.violation(error.message)
    }
  }

  /** The channel is over: everything that began has an end. */
  close(): void {
    this.over = true
    const now = this.ports.now()
    for (const owed of this.owed.takeAll()) {
      if (owed.type === 'read' || owed.type === 'write') continue
      if (owed.seq !== undefined) {
        this.ports.finish(owed.seq, { rows: 0, bytes: 0, ms: now - owed.since, cut: true })
      }
      if (owed.type === 'close') this.ports.finish(owed.file.seq, owed.file.outcome(now, true))
    }
    for (const file of this.files.takeAll()) this.ports.finish(file.seq, file.outcome(now, true))
  }
}
