import { Fault } from '../../../kernel/faults.ts'
import type { Outcome } from '../../../target/action.ts'
import type { SftpChannel } from './channel.ts'
import { answerHead, decodeAnswer, type Answer } from './decode-answer.ts'
import { OpenFile } from './open-files.ts'
import type { Owed } from './owed-answers.ts'
import { PacketReader } from './packet-reader.ts'
import { STATUS, statusName, VERSION } from './packet-types.ts'

/** Target to client: answers are read as they pass; ours go in between. */
export class TargetAnswers {
  readonly #channel: SftpChannel
  readonly #reader = new PacketReader(answerHead)
  /** Of ours that wait for the end of a packet; as many as are owed at most. */
  readonly #ours: { readonly id: number; readonly bytes: Buffer }[] = []
  /** What was passed on of the target ends with a packet. */
  #between = true
  /** The file whose data are coming in pieces, and where the next one belongs. */
  #reading: { readonly file: OpenFile; offset: number } | undefined

  constructor(channel: SftpChannel) {
    this.#channel = channel
  }

  /** Sends a packet of ours as soon as the target stands between two of its own; the id is free from then on. */
  answer(id: number, bytes: Buffer): void {
    this.#ours.push({ id, bytes })
    this.sendOurs()
  }

  /** Sends what can be: in order, while the target stands between two packets and the client has room. */
  sendOurs(): void {
    while (this.#between && !this.#channel.over) {
      const [next] = this.#ours
      if (!next || !this.#channel.ports.answer(next.bytes)) return
      this.#ours.shift()
      this.#channel.owed.take(next.id)
    }
  }

  take(chunk: Buffer): void {
    const { ports } = this.#channel
    if (this.#channel.over) return
    let from = 0
    this.#channel.reading(() => {
      this.#reader.feed(chunk)
      while (this.#reader.next()) {
        this.#piece()
        if (!this.#reader.last || this.#ours.length === 0) continue
        ports.toClient(chunk.subarray(from, this.#reader.position))
        from = this.#reader.position
        this.#between = true
        this.sendOurs()
      }
    })
    this.#between = this.#reader.atBorder
    if (!this.#channel.over && from < chunk.length) ports.toClient(from === 0 ? chunk : chunk.subarray(from))
  }

  #piece(): void {
    const { type, bytes, start, end, first, last, length } = this.#reader
    let dataAt = start
    if (first) {
      const answer = decodeAnswer(type, bytes, start, end, length)
      if (answer.type === 'data') dataAt = answer.dataAt
      this.#take(answer, type, length)
    }
    const reading = this.#reading
    if (!reading) return
    const data = bytes.subarray(dataAt, end)
    reading.file.read.add(reading.offset, data)
    reading.offset += data.length
    if (last) this.#reading = undefined
  }

  #take(answer: Answer, type: number, length: number): void {
    if (answer.type === 'version') return this.#version(answer.version)
    if (!this.#channel.agreed)
      throw new Fault('protocol.violation', 'an SFTP answer of the target before VERSION')
    const owed = this.#channel.owed.take(answer.id)
    if (!owed) throw new Fault('protocol.violation', 'an SFTP answer of the target that nothing asked for')
    switch (owed.type) {
      case 'read':
        return this.#read(owed, answer)
      case 'write':
        owed.file.writesOwed--
        if (expectStatus(answer).code !== STATUS.ok) owed.file.writesFailed++
        return
      case 'close':
        return this.#closed(owed, expectStatus(answer), length)
      case 'deed':
        if (answer.type !== 'status' && type !== owed.answer) throw unexpected()
        return this.#done(owed, answer, length)
    }
  }

  #version(version: number): void {
    if (!this.#channel.greeted || this.#channel.agreed || version !== VERSION) {
      throw new Fault('protocol.violation', 'an SFTP version of the target that was not asked for')
    }
    this.#channel.agreed = true
  }

  #read(owed: Owed & { type: 'read' }, answer: Answer): void {
    owed.file.readsOwed--
    if (answer.type === 'status') return
    if (answer.type !== 'data' || answer.length > owed.length) throw unexpected()
    this.#reading = { file: owed.file, offset: owed.offset }
  }

  #closed(owed: Owed & { type: 'close' }, answer: Answer & { type: 'status' }, length: number): void {
    const { ports } = this.#channel
    const now = ports.now()
    if (owed.seq !== undefined) ports.finish(owed.seq, outcomeOf(answer, length, now - owed.since))
    ports.finish(owed.file.seq, owed.file.outcome(now, false))
  }

  #done(owed: Owed & { type: 'deed' }, answer: Answer, length: number): void {
    const { ports, files } = this.#channel
    const now = ports.now()
    if (owed.file && answer.type === 'name') {
      owed.file.names += answer.count
      owed.file.listed += length
    }
    if (owed.opens) {
      files.coming--
      if (answer.type === 'handle') return this.#opened(owed, answer.handle, now)
      if (answer.type === 'status' && answer.code === STATUS.ok) throw unexpected()
    }
    if (owed.seq !== undefined) ports.finish(owed.seq, outcomeOf(answer, length, now - owed.since))
  }

  /** The outcome of an opening comes with the end of what was opened. */
  #opened(owed: Owed & { type: 'deed' }, handle: string, now: number): void {
    const { opens, seq } = owed
    if (!opens || seq === undefined) throw unexpected()
    const file = new OpenFile({
      folder: opens.folder,
      seq,
      since: owed.since,
      path: opens.path,
      opens: opens.fields.opens,
    })
    if (this.#channel.files.add(handle, file)) return
    this.#channel.ports.finish(seq, file.outcome(now, true))
    throw new Fault('protocol.violation', 'an SFTP handle of the target that is open already')
  }
}

function expectStatus(answer: Answer): Answer & { type: 'status' } {
  if (answer.type !== 'status') throw unexpected()
  return answer
}

function unexpected(): Fault {
  return new Fault('protocol.violation', 'an SFTP answer of the target that does not fit what was asked')
}

function outcomeOf(answer: Answer, bytes: number, ms: number): Outcome {
  const failed = answer.type === 'status' && answer.code !== STATUS.ok
  return {
    rows: answer.type === 'name' ? answer.count : 0,
    bytes,
    ms,
    cut: false,
    ...(failed && { error: { code: statusName(answer.code), message: answer.message } }),
  }
}
