import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import {
  saslInitialResponse,
  saslResponse,
  sslRequest,
  startup,
} from '../../../src/protocols/postgres/messages/encode.ts'
import { decodeReport } from '../../../src/protocols/postgres/messages/decode.ts'
import { scramClient } from '../../../src/protocols/postgres/login/scram-client.ts'
import { FrameReader } from '../../../src/wire/frame-reader.ts'

export interface RawMessage {
  readonly tag: string
  readonly body: Buffer
}

/** Speaks bytes: for orders of messages that no driver sends. */
export class RawClient {
  readonly socket: Socket
  stream: Duplex
  readonly received: RawMessage[] = []
  /** Messages with a tag for which this says no are thrown away. */
  keeps = (_tag: string): boolean => true
  closed = false
  /** BackendKeyData as it came: process number and cancel key. */
  backend: Buffer = Buffer.alloc(0)
  #reader = new FrameReader(() => 'whole')
  #waiting: (() => void)[] = []

  private constructor(socket: Socket) {
    this.socket = socket
    this.stream = socket
    socket.on('error', () => undefined)
    socket.on('close', () => this.#end())
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** SSLRequest, TLS, SCRAM, up to the first ReadyForQuery. */
  static async login(
    port: number,
    user: string,
    secret: string,
    parameters: Record<string, string> = {},
    protocol?: number,
  ): Promise<RawClient> {
    const client = await RawClient.connect(port)
    await client.startTls()
    client.listen()
    await client.authenticate(user, secret, parameters, protocol)
    await client.until('Z')
    client.backend = client.received.find(one => one.tag === 'K')?.body ?? client.backend
    client.received.length = 0
    return client
  }

  async startTls(): Promise<void> {
    this.socket.write(sslRequest())
    const closed = once(this.socket, 'close').then(() => ['nothing'])
    const [answer] = await Promise.race([once(this.socket, 'data'), closed])
    if (String(answer) !== 'S') throw new Error(`TLS answered ${String(answer)}`)
    const secure = connectTls({ socket: this.socket, rejectUnauthorized: false })
    await once(secure, 'secureConnect')
    secure.on('error', () => undefined)
    secure.on('close', () => this.#end())
    this.stream = secure
  }

  listen(): void {
    this.stream.on('data', (chunk: Buffer) => {
      this.#reader.feed(chunk)
      while (this.#reader.next()) {
        const { bytes, start, end } = this.#reader
        const tag = String.fromCharCode(this.#reader.tag)
        if (this.keeps(tag)) this.received.push({ tag, body: Buffer.from(bytes.subarray(start + 5, end)) })
      }
      for (const wake of this.#waiting.splice(0)) wake()
    })
  }

  async authenticate(
    user: string,
    secret: string,
    parameters: Record<string, string>,
    protocol?: number,
  ): Promise<void> {
    this.send(startup({ user, ...parameters }, protocol))
    const offer = await this.until('R')
    const mechanisms = offer.body.toString('utf8', 4).split('\0').filter(Boolean)
    const scram = scramClient(secret, mechanisms, undefined, 'rawnonce')
    this.received.length = 0
    this.send(saslInitialResponse(scram.mechanism, scram.first))
    const challenge = await this.until('R')
    const { final } = await scram.answer(challenge.body.toString('utf8', 4))
    this.received.length = 0
    this.send(saslResponse(final))
  }

  send(...messages: readonly Buffer[]): void {
    this.stream.write(Buffer.concat(messages))
  }

  /** The next message with this tag that has not been passed over; throws when the connection ends first. */
  async until(tag: string, count = 1): Promise<RawMessage> {
    for (;;) {
      const found = this.received.filter(one => one.tag === tag)
      const wanted = found[count - 1]
      if (wanted) return wanted
      if (this.closed) throw new Error(`closed; received ${this.tags()}: ${this.errors().join('; ')}`)
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  tags(): string {
    return this.received.map(one => one.tag).join('')
  }

  errors(): string[] {
    return this.received
      .filter(one => one.tag === 'E')
      .map(one => decodeReport(one.body, 0, one.body.length))
      .map(one => `${one.code} ${one.message}`)
  }

  /** Sends, waits for `ready` ReadyForQuery and gives the tags of everything since. */
  async ask(messages: readonly Buffer[], ready = 1): Promise<string> {
    this.received.length = 0
    this.send(...messages)
    await this.until('Z', ready)
    return this.tags()
  }

  /** Status of the last ReadyForQuery. */
  status(): string {
    return (
      this.received
        .filter(one => one.tag === 'Z')
        .at(-1)
        ?.body.toString() ?? ''
    )
  }

  destroy(): void {
    this.socket.destroy()
  }

  #end(): void {
    this.closed = true
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

const message = (tag: string, ...parts: readonly (string | Buffer)[]): Buffer => {
  const body = Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)))
  const header = Buffer.alloc(5)
  header.write(tag)
  header.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([header, body])
}
const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** Frontend messages as a second, naive implementation of their formats. */
export const say = {
  message,
  query: (text: string) => message('Q', text),
  parse: (name: string, text: string) => message('P', name, text, int16(0)),
  bind: (portal: string, statement: string, ...values: readonly string[]) =>
    message(
      'B',
      portal,
      statement,
      int16(0),
      int16(values.length),
      ...values.flatMap(value => [int32(Buffer.byteLength(value)), Buffer.from(value)]),
      int16(0),
    ),
  describe: (kind: 'S' | 'P', name: string) => message('D', Buffer.from(kind), name),
  execute: (portal: string, rows = 0) => message('E', portal, int32(rows)),
  close: (kind: 'S' | 'P', name: string) => message('C', Buffer.from(kind), name),
  sync: () => message('S'),
  flush: () => message('H'),
  terminate: () => message('X'),
  copyData: (data: string) => message('d', Buffer.from(data)),
  copyDone: () => message('c'),
  copyFail: (why: string) => message('f', why),
  functionCall: (oid: number) => message('F', int32(oid), int16(0), int16(0), int16(0)),
}
