import { Fault } from '../../../kernel/faults.ts'

/**
 * Decides from type and length (of the whole packet, its length field included) how many bytes must be there before a packet is
 * handed on; what is behind them comes in pieces. Throws Fault `protocol.violation` for what may not come at all.
 */
export type PacketRoute = (type: number, length: number) => number

/** Length field and type. */
const HEADER = 5

/**
 * Cuts a byte stream into SFTP packets: uint32 length of what follows, a type byte, fields (draft-ietf-secsh-filexfer-02 §3).
 *
 * Pull-style: `feed` a chunk, then `next` until it answers false; after true the fields describe a piece, `bytes[start, end)`,
 * until the next call. Pieces are views of the chunk; copied is only a head that crosses chunks, and the consumer may keep that.
 * Held bytes never exceed what the route asked for.
 */
export class PacketReader {
  type = 0
  /** Of the whole packet, its length field included. */
  length = 0
  bytes: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  /** Whether the piece begins its packet, and whether it ends it. */
  first = true
  last = true

  readonly #route: PacketRoute
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0
  #held: Buffer = Buffer.alloc(0)
  #heldLength = 0
  /** Bytes of the head that is held; as long as its header is incomplete, of the header. */
  #needed = 0
  /** Bytes of the current packet that are still to come in pieces. */
  #owed = 0

  constructor(route: PacketRoute) {
    this.#route = route
  }

  /** True when no packet has been begun. */
  get atBorder(): boolean {
    return this.#owed === 0 && this.#heldLength === 0 && this.#at >= this.#chunk.length
  }

  /** How much of the chunk has been read. */
  get position(): number {
    return this.#at
  }

  /** Takes the next chunk; the one before must have been read to its end. */
  feed(chunk: Buffer): void {
    if (this.#at < this.#chunk.length) throw new Error('fed before the last chunk was read')
    this.#chunk = chunk
    this.#at = 0
  }

  next(): boolean {
    const available = this.#chunk.length - this.#at
    if (available <= 0) return false
    if (this.#owed > 0) return this.#piece(Math.min(this.#owed, available))
    if (this.#heldLength > 0) return this.#complete()
    if (available < HEADER) return this.#hold(HEADER)
    const head = this.#header(this.#chunk, this.#at)
    if (available < head) return this.#hold(head)
    const size = Math.min(this.length, available)
    this.#owed = this.length
    this.#piece(size)
    this.first = true
    return true
  }

  #header(bytes: Buffer, at: number): number {
    this.type = bytes[at + 4] ?? 0
    this.length = bytes.readUInt32BE(at) + 4
    if (this.length < HEADER) throw new Fault('protocol.violation', 'an SFTP packet without a type')
    return Math.max(HEADER, Math.min(this.length, this.#route(this.type, this.length)))
  }

  #piece(size: number): true {
    this.#emit(this.#chunk, this.#at, this.#at + size)
    this.#at += size
    return true
  }

  #emit(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.start = start
    this.end = end
    this.#owed -= end - start
    this.first = false
    this.last = this.#owed === 0
  }

  /** Keeps what is there of the next `needed` bytes. False: not all of them. */
  #hold(needed: number): boolean {
    if (this.#held.length < needed) {
      const grown = Buffer.allocUnsafe(needed)
      this.#held.copy(grown, 0, 0, this.#heldLength)
      this.#held = grown
    }
    const size = Math.min(needed - this.#heldLength, this.#chunk.length - this.#at)
    this.#chunk.copy(this.#held, this.#heldLength, this.#at, this.#at + size)
    this.#heldLength += size
    this.#at += size
    this.#needed = needed
    return this.#heldLength === needed
  }

  /** Goes on with a head of which the beginning is held. */
  #complete(): boolean {
    if (!this.#hold(this.#needed)) return false
    if (this.#needed === HEADER) {
      const head = this.#header(this.#held, 0)
      if (head > HEADER && !this.#hold(head)) return false
    }
    const held = this.#held.subarray(0, this.#needed)
    this.#held = Buffer.alloc(0)
    this.#heldLength = 0
    this.#owed = this.length
    this.#emit(held, 0, held.length)
    this.first = true
    return true
  }
}
