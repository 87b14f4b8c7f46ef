import { sign, type KeyObject } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { KexInit } from 'ssh2/lib/protocol/kex.js'
import Protocol from 'ssh2/lib/protocol/Protocol.js'
import { ED25519, publicBlob } from '../keys/public-blob.ts'
import { SshReader, SshWriter } from '../messages/fields.ts'
import { SSH } from '../messages/numbers.ts'
import { algorithms, serverOfferTo, signatureAlgorithms } from './algorithms.ts'
import { Identification } from './identification.ts'
import { kept, MOST_SEALED, sealPacket } from './seal-packet.ts'

export type Side =
  | { readonly role: 'server'; readonly hostKey: KeyObject }
  /** `pinned`: host keys as SSH encodes them; any other ends the exchange. */
  | {
      readonly role: 'client'
      readonly pinned: readonly Buffer[]
      /** Told of the key that the host presents, before it is compared. */
      presented?(key: Buffer): void
    }

/** What a transport tells its owner; each is called in the turn of the event loop in which the bytes came. */
export interface TransportEvents {
  /** A message above the transport: services, login, connection. The payload is the owner's to keep. */
  message(payload: Buffer): void
  /** Keys were exchanged for the first time. */
  ready(): void
  /** Once. `error` when the peer or the wire broke the protocol; `said`: the peer's own words when it disconnected. */
  closed(why: { readonly error?: Error; readonly said?: string }): void
  /** What was written has left this process; after `send` or `disconnect` said that it had not. */
  drained?(): void
}

/** RFC 4253 §9: new keys after about this many bytes. */
const REKEY_BYTES = 1024 ** 3
const NOTHING = Buffer.alloc(0)
/** How long last words may take to reach a peer that does not read. */
const LAST_WORDS_MS = 500

/**
 * One SSH transport over a stream: identification, key exchange, encryption (RFC 4253), by npm ssh2; messages above it go in and out as
 * payloads. Owns the stream. Whatever the peer sends costs nobody but itself: every fault ends in `closed`.
 */
export class SshTransport {
  readonly #stream: Duplex
  readonly #protocol: Protocol
  readonly #events: TransportEvents
  readonly #identification: Identification
  #peer = ''
  #closed = false
  #ready = false
  #corked = false
  #since = 0

  constructor(stream: Duplex, side: Side, ident: string, events: TransportEvents) {
    this.#stream = stream
    this.#events = events
    this.#identification = new Identification(side.role === 'server' ? 'fromClient' : 'fromServer')
    this.#protocol = new Protocol({
      ...exchange(side),
      ident,
      onWrite: bytes => this.#write(bytes),
      onError: error => this.#close({ error }),
      onHeader: ({ versions }) => {
        this.#peer = versions.software
        const offer = side.role === 'server' && serverOfferTo(versions.software, [ED25519])
        if (offer) this.#protocol._offer = new KexInit(offer)
      },
      onHandshakeComplete: () => {
        this.#since = 0
        if (this.#ready) return
        this.#ready = true
        events.ready()
      },
    })
    const inner = this.#protocol._onPayload
    this.#protocol._onPayload = payload => this.#payload(payload, inner)
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    stream.on('drain', () => events.drained?.())
    stream.on('error', error => this.#close({ error }))
    stream.on('end', () => this.#close({}))
    stream.on('close', () => this.#close({}))
    this.#protocol.start()
  }

  /** What the peer calls its software: `OpenSSH_9.2p1`. */
  get peer(): string {
    return this.#peer
  }

  /** Hash of the first exchange (RFC 4253 §7.2), once ready. */
  get sessionId(): Buffer {
    return this.#protocol._kex.sessionID
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Bytes that wait for a peer that does not read. */
  get backlog(): number {
    return this.#stream.writableLength
  }

  /** Sends a message; while new keys are exchanged it waits for them. `data`: the rest of it, of which no copy is kept. */
  send(head: Buffer, data: Buffer = NOTHING): void {
    if (this.#closed) return
    const { _cipher, _kexinit } = this.#protocol
    const length = head.length + data.length
    if (length > MOST_SEALED) return this.#close({ error: new Error(`a message of ${length} bytes`) })
    if (_kexinit === undefined) sealPacket(_cipher, head, data)
    else (this.#protocol._queue ??= []).push(Buffer.concat([head, data], length))
    this.#count(length)
  }

  /** What was sent in this turn leaves now, not at its end. */
  flush(): void {
    if (this.#corked) this.#stream.uncork()
    this.#corked = false
  }

  /** The answer to a message nobody here knows (RFC 4253 §11.4); call it while that message is handled. */
  unimplemented(): void {
    const sequence = (this.#protocol._decipher.inSeqno - 1) >>> 0
    this.send(new SshWriter().uint8(SSH.unimplemented).uint32(sequence).take())
  }

  /** Says why, then closes. Resolves when the connection is gone; a peer that does not take the words is cut off. */
  disconnect(reason: number, text: string): Promise<void> {
    if (!this.#closed) {
      const payload = new SshWriter().uint8(SSH.disconnect).uint32(reason).string(text).string('').take()
      const { write } = this.#protocol._packetRW
      const packet = write.alloc(payload.length, true)
      packet.set(payload, write.allocStartKEX)
      this.#protocol._cipher.encrypt(write.finalize(packet, true))
      this.#close({})
    }
    return this.#gone()
  }

  destroy(): void {
    this.#close({})
    this.#stream.destroy()
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    if (!this.#closed) this.#stream.resume()
  }

  #read(chunk: Buffer): void {
    const bytes = this.#closed ? undefined : this.#identification.take(chunk)
    if (bytes === undefined) return
    try {
      this.#protocol.parse(bytes, 0, bytes.length)
    } catch (cause) {
      this.#close({ error: cause instanceof Error ? cause : new Error(String(cause)) })
    }
    this.#count(chunk.length)
  }

  #payload(payload: Buffer, inner: (payload: Buffer) => unknown): unknown {
    const type = payload[0] ?? SSH.ignore
    if (type >= SSH.kexinit && type <= SSH.lastOfKeyExchange) return inner(payload)
    if (this.#closed) return undefined
    switch (type) {
      case SSH.ignore:
      case SSH.unimplemented:
      case SSH.debug:
      case SSH.extInfo:
        return undefined
      case SSH.disconnect: {
        const reader = new SshReader(payload, 5)
        this.#close({ said: reader.text() })
        return undefined
      }
      default:
        this.#events.message(payload)
        return undefined
    }
  }

  /** Pieces of one turn leave together. */
  #write(bytes: Buffer): void {
    const stream = this.#stream
    if (stream.destroyed || stream.writableEnded) return
    if (!this.#corked) {
      this.#corked = true
      stream.cork()
      process.nextTick(() => this.flush())
    }
    stream.write(kept(bytes))
  }

  #count(bytes: number): void {
    this.#since += bytes
    if (this.#since < REKEY_BYTES || !this.#ready || this.#closed) return
    this.#since = 0
    this.#protocol.rekey()
  }

  #close(why: { readonly error?: Error; readonly said?: string }): void {
    if (this.#closed) return
    this.#closed = true
    this.#protocol.cleanup()
    this.#events.closed(why)
    void this.#gone()
  }

  #gone(): Promise<void> {
    const stream = this.#stream
    return new Promise(resolve => {
      if (stream.destroyed) return resolve()
      const timer = setTimeout(() => stream.destroy(), LAST_WORDS_MS)
      stream.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      // What the peer still sends is dropped, or its unread bytes would turn our last words into a reset.
      stream.resume()
      if (stream.writable) stream.end()
      else stream.destroy()
    })
  }
}

type Exchange = Pick<
  ConstructorParameters<typeof Protocol>[0],
  'server' | 'offer' | 'hostKeys' | 'hostVerifier'
>

function exchange(side: Side): Exchange {
  if (side.role === 'server') {
    const blob = publicBlob(side.hostKey)
    const hostKey = {
      type: ED25519,
      getPublicSSH: () => blob,
      sign: (data: Buffer) => sign(null, data, side.hostKey),
    }
    return { server: true, hostKeys: { [hostKey.type]: hostKey }, offer: algorithms([hostKey.type]) }
  }
  const { pinned } = side
  const types = new Set(pinned.map(key => new SshReader(key).text()))
  return {
    server: false,
    hostVerifier: key => {
      side.presented?.(key)
      return pinned.some(known => known.equals(key))
    },
    offer: algorithms([...types].flatMap(signatureAlgorithms)),
  }
}
