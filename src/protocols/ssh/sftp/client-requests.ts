import { Fault } from '../../../kernel/faults.ts'
import type { Action, Objection, Permit } from '../../../target/action.ts'
import type { SftpChannel } from './channel.ts'
import { decodeClose, decodeInit, decodeRead, decodeRequest, decodeWriteHead } from './decode-request.ts'
import type { Request } from './decode-request.ts'
import { encodeStatus } from './encode-status.ts'
import { fileObjection, fileObjections, refusalText, type FileRuleName } from './file-rules.ts'
import { InOrder } from './in-order.ts'
import type { OpenFile } from './open-files.ts'
import type { Owed } from './owed-answers.ts'
import { PacketReader } from './packet-reader.ts'
import { LARGEST_PACKET, LARGEST_REQUEST, LONGEST_HANDLE, SFTP, STATUS, VERSION } from './packet-types.ts'
import { pathFacts, touchedBy } from './path-facts.ts'

/** Length, type, id, handle, offset, length of the data. */
const WRITE_HEAD = 4 + 1 + 4 + 4 + LONGEST_HANDLE + 8 + 4

const CODES: Partial<Record<string, number>> = {
  sftp_unknown: STATUS.unsupported,
  sftp_handle: STATUS.failure,
  too_many_files: STATUS.failure,
} satisfies Partial<Record<FileRuleName, number>>

/** Client to target: every request is read, recorded and then goes on as it was; what is refused is answered in its place. */
export class ClientRequests {
  readonly #channel: SftpChannel
  readonly #answer: (id: number, bytes: Buffer) => void
  readonly #reader = new PacketReader(requestHead)
  readonly #order: InOrder
  /** The WRITE whose data are coming in pieces: where the next one belongs; without a file it is swallowed. */
  #writing: { readonly file: OpenFile | undefined; offset: number } | undefined

  /** `answer` sends a packet of ours as soon as the target stands between two of its own, and takes `id` from what is owed. */
  constructor(channel: SftpChannel, answer: (id: number, bytes: Buffer) => void) {
    this.#channel = channel
    this.#answer = answer
    this.#order = new InOrder(channel.ports, () => channel.over)
  }

  take(chunk: Buffer): void | Promise<void> {
    if (this.#channel.over) return
    this.#reader.feed(chunk)
    return this.#proceed()
  }

  #proceed(): void | Promise<void> {
    const { owed } = this.#channel
    this.#channel.reading(() => {
      while (!this.#channel.over && !owed.full && this.#reader.next()) this.#packet()
    })
    const settled = this.#order.settle()
    if (!owed.full || this.#channel.over) return settled
    return Promise.resolve(settled)
      .then(() => owed.room())
      .then(() => (this.#channel.over ? undefined : this.#proceed()))
  }

  #packet(): void {
    const { type, bytes, start, end } = this.#reader
    if (!this.#channel.greeted) return this.#init()
    switch (type) {
      case SFTP.init:
        throw new Fault('protocol.violation', 'a second SFTP INIT')
      case SFTP.write:
        return this.#write()
      case SFTP.read:
        return this.#read()
      case SFTP.close:
        return this.#close()
      default:
        return this.#request(decodeRequest(type, bytes, start, end))
    }
  }

  /** Version 3 is asked for whatever the client offers: later ones have other fields, and a server would answer the highest it knows. */
  #init(): void {
    const { type, bytes, start, end } = this.#reader
    if (type !== SFTP.init) throw new Fault('protocol.violation', 'an SFTP request before INIT')
    if (decodeInit(bytes, start, end) < VERSION) {
      throw new Fault('protocol.violation', 'SFTP before version 3, which is not spoken here')
    }
    const init = Buffer.from(bytes.subarray(start, end))
    init.writeUInt32BE(VERSION, 5)
    this.#channel.greeted = true
    this.#order.pass(init, 0, init.length)
  }

  #request({ id, shape, fields }: Request): void {
    const { files, ports } = this.#channel
    const used = (fields.handles ?? []).map(handle => this.#file(handle))
    const opens = shape.answer === SFTP.handle
    const objection =
      fields.unknown !== undefined
        ? fileObjection('sftp_unknown', shape.what)
        : (this.#misused(shape.verb, used) ??
          (opens && files.full ? fileObjection('too_many_files', shape.what) : undefined))
    const now = ports.now()
    const [path] = fields.paths ?? []
    const owed: Owed = {
      type: 'deed',
      seq: undefined,
      since: now,
      answer: shape.answer,
      ...(opens &&
        path && { opens: { folder: shape.kind === 'sftp_list', path: Buffer.from(path), fields } }),
      ...(shape.verb === 'readdir' && { file: used[0] }),
    }
    this.#owe(id, owed)
    if (shape.kind === undefined && objection === undefined) return this.#pass()
    const action = this.#action({ id, shape, fields }, used, objection)
    if (opens) files.coming++
    this.#ask(id, action, permit => {
      if (permit.forward) owed.seq = permit.seq
      else if (opens) files.coming--
      if (permit.forward && shape.verb === 'copy-data') used[1]?.written.scatter()
    })
  }

  #action(
    { shape, fields }: Request,
    used: readonly (OpenFile | undefined)[],
    objection: Objection | undefined,
  ): Action {
    const { rules } = this.#channel.ports
    const effects = fields.effects ?? shape.effects
    const paths = fields.paths ?? used.flatMap(file => (file ? [file.path] : []))
    const { text, detail } = pathFacts(paths)
    const all = {
      ...detail,
      ...fields.detail,
      ...(fields.unknown !== undefined && { unknown: fields.unknown }),
    }
    const touched = touchedBy(
      paths.map(path => path.toString('utf8')),
      effects,
    )
    return {
      kind: shape.kind ?? `sftp_${shape.verb}`,
      verbs: [shape.verb],
      writes: effects.some(effect => effect !== 'look' && effect !== 'read'),
      ...(paths.length > 0 && { text }),
      ...(touched && { touched }),
      ...(Object.keys(all).length > 0 && { detail: all }),
      objections: objection ? [objection] : fileObjections(rules, effects, shape.what),
    }
  }

  #read(): void {
    const { bytes, start, end } = this.#reader
    const { id, handle, offset, length } = decodeRead(bytes, start, end)
    const file = this.#file(handle)
    if (!file?.reads) return this.#misuse(id, 'read', file)
    this.#owe(id, { type: 'read', file, offset, length })
    file.readsOwed++
    file.read.begin(offset)
    this.#pass()
  }

  #write(): void {
    const { bytes, start, end, first, last, length: total } = this.#reader
    let dataAt = start
    if (first) {
      const head = decodeWriteHead(bytes, start, end, total)
      const file = this.#file(head.handle)
      dataAt = head.dataAt
      this.#writing = { file: file?.writes ? file : undefined, offset: head.offset }
      if (!file?.writes) this.#misuse(head.id, 'write', file)
      else {
        this.#owe(head.id, { type: 'write', file })
        file.writesOwed++
      }
    }
    const writing = this.#writing
    if (!writing) return
    // The piece that was refused has been swallowed; those that follow it are.
    if (!writing.file && !first) this.#order.pass(bytes, start, end, false)
    if (writing.file) {
      const data = bytes.subarray(dataAt, end)
      writing.file.written.add(writing.offset, data)
      writing.offset += data.length
      this.#pass()
    }
    if (last) this.#writing = undefined
  }

  #close(): void {
    const { bytes, start, end } = this.#reader
    const { id, handle } = decodeClose(bytes, start, end)
    const file = this.#file(handle)
    if (!file) return this.#misuse(id, 'close', file)
    const owed: Owed = { type: 'close', file, seq: undefined, since: this.#channel.ports.now() }
    this.#owe(id, owed)
    this.#channel.files.end(handle)
    if (file.folder) return this.#pass()
    this.#ask(id, file.closing(pathFacts([file.path]).text), permit => {
      owed.seq = permit.seq
    })
  }

  /** The open file of a handle; undefined: it was closed. One that never was is invented. */
  #file(handle: string): OpenFile | undefined {
    const { files } = this.#channel
    const file = files.get(handle)
    if (!file && !files.ended(handle))
      throw new Fault('protocol.violation', 'an SFTP handle that was never given out')
    return file
  }

  #misused(verb: string, used: readonly (OpenFile | undefined)[]): Objection | undefined {
    const wrong =
      used.includes(undefined) ||
      (verb === 'readdir' && used[0]?.folder === false) ||
      (verb === 'copy-data' && !(used[0]?.reads === true && used[1]?.writes === true))
    return wrong ? fileObjection('sftp_handle', `${verb} on a handle that is not open for it`) : undefined
  }

  /** READ, WRITE and CLOSE have an action of their own only when they are refused. */
  #misuse(id: number, verb: 'read' | 'write' | 'close', file: OpenFile | undefined): void {
    this.#owe(id, { type: 'deed', seq: undefined, since: 0, answer: undefined })
    const action: Action = {
      kind: `sftp_${verb}`,
      verbs: [verb],
      writes: verb === 'write',
      ...(file && { text: pathFacts([file.path]).text }),
      objections: [fileObjection('sftp_handle', `${verb} on a handle that is not open for it`)],
    }
    this.#ask(id, action, () => undefined)
  }

  #owe(id: number, owed: Owed): void {
    if (!this.#channel.owed.add(id, owed)) {
      throw new Fault('protocol.violation', 'an SFTP request id that is in use')
    }
  }

  #pass(): void {
    const { bytes, start, end } = this.#reader
    this.#order.pass(bytes, start, end)
  }

  #ask(id: number, action: Action, told: (permit: Permit) => void): void {
    const { bytes, start, end } = this.#reader
    const { ports } = this.#channel
    this.#order.ask(ports.submit(action), bytes, start, end, permit => {
      told(permit)
      if (permit.forward) return true
      const { refusal } = permit
      if (!refusal || refusal.rule === 'ended') this.#channel.over = true
      else {
        const code = CODES[refusal.rule] ?? STATUS.permissionDenied
        this.#answer(id, encodeStatus(id, code, refusalText(refusal, ports.rules)))
      }
      return false
    })
  }
}

/** WRITEs stream behind their head; everything else is small and read whole. */
function requestHead(type: number, length: number): number {
  if (type === SFTP.write && length <= LARGEST_PACKET) return Math.min(length, WRITE_HEAD)
  if (length > LARGEST_REQUEST) throw new Fault('protocol.violation', 'an SFTP request that is too large')
  return length
}
