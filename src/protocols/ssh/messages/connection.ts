import { Fault } from '../../../kernel/faults.ts'
import { SshReader, SshWriter } from './fields.ts'
import { SSH } from './numbers.ts'

/** A message of the connection protocol (RFC 4254). Buffers are views into the payload. */
export type ConnectionMessage =
  | {
      readonly type: 'global_request'
      readonly name: string
      readonly wantReply: boolean
      readonly data: Buffer
    }
  | { readonly type: 'request_success'; readonly data: Buffer }
  | { readonly type: 'request_failure' }
  | ChannelOpen
  | ChannelConfirmation
  | {
      readonly type: 'open_failure'
      readonly recipient: number
      readonly reason: number
      readonly text: string
    }
  | { readonly type: 'window_adjust'; readonly recipient: number; readonly bytes: number }
  | { readonly type: 'data'; readonly recipient: number; readonly data: Buffer }
  | {
      readonly type: 'extended_data'
      readonly recipient: number
      readonly code: number
      readonly data: Buffer
    }
  | { readonly type: 'eof'; readonly recipient: number }
  | { readonly type: 'close'; readonly recipient: number }
  | ChannelRequest
  | { readonly type: 'success'; readonly recipient: number }
  | { readonly type: 'failure'; readonly recipient: number }

export interface ChannelOpen {
  readonly type: 'open'
  readonly channel: string
  readonly sender: number
  readonly window: number
  readonly maxPacket: number
  readonly data: Buffer
}

export interface ChannelConfirmation {
  readonly type: 'confirmation'
  readonly recipient: number
  readonly sender: number
  readonly window: number
  readonly maxPacket: number
  readonly data: Buffer
}

export interface ChannelRequest {
  readonly type: 'request'
  readonly recipient: number
  readonly name: string
  readonly wantReply: boolean
  readonly data: Buffer
}

/** A message on a channel that both sides have opened. */
export type OnChannel = Exclude<
  Extract<ConnectionMessage, { readonly recipient: number }>,
  { readonly type: 'confirmation' | 'open_failure' }
>

/** Undefined: not a message of this protocol. Fault `protocol.violation`: shorter or longer than its fields. */
export function decodeConnection(payload: Buffer): ConnectionMessage | undefined {
  const reader = new SshReader(payload)
  const message = decode(reader)
  if (message && reader.remaining > 0)
    throw new Fault('protocol.violation', `a ${message.type} message longer than its fields`)
  return message
}

function decode(reader: SshReader): ConnectionMessage | undefined {
  switch (reader.uint8()) {
    case SSH.globalRequest:
      return { type: 'global_request', name: reader.text(), wantReply: reader.boolean(), data: reader.rest() }
    case SSH.requestSuccess:
      return { type: 'request_success', data: reader.rest() }
    case SSH.requestFailure:
      return { type: 'request_failure' }
    case SSH.channelOpen:
      return {
        type: 'open',
        channel: reader.text(),
        sender: reader.uint32(),
        window: reader.uint32(),
        maxPacket: reader.uint32(),
        data: reader.rest(),
      }
    case SSH.channelOpenConfirmation:
      return {
        type: 'confirmation',
        recipient: reader.uint32(),
        sender: reader.uint32(),
        window: reader.uint32(),
        maxPacket: reader.uint32(),
        data: reader.rest(),
      }
    case SSH.channelOpenFailure: {
      const failure = {
        type: 'open_failure' as const,
        recipient: reader.uint32(),
        reason: reader.uint32(),
        text: reader.text(),
      }
      reader.string()
      return failure
    }
    case SSH.channelWindowAdjust:
      return { type: 'window_adjust', recipient: reader.uint32(), bytes: reader.uint32() }
    case SSH.channelData:
      return { type: 'data', recipient: reader.uint32(), data: reader.string() }
    case SSH.channelExtendedData:
      return {
        type: 'extended_data',
        recipient: reader.uint32(),
        code: reader.uint32(),
        data: reader.string(),
      }
    case SSH.channelEof:
      return { type: 'eof', recipient: reader.uint32() }
    case SSH.channelClose:
      return { type: 'close', recipient: reader.uint32() }
    case SSH.channelRequest:
      return {
        type: 'request',
        recipient: reader.uint32(),
        name: reader.text(),
        wantReply: reader.boolean(),
        data: reader.rest(),
      }
    case SSH.channelSuccess:
      return { type: 'success', recipient: reader.uint32() }
    case SSH.channelFailure:
      return { type: 'failure', recipient: reader.uint32() }
    default:
      return undefined
  }
}

/** The payload of a message; the inverse of `decodeConnection`. */
export function encodeConnection(message: ConnectionMessage): Buffer {
  const writer = new SshWriter()
  switch (message.type) {
    case 'global_request':
      writer.uint8(SSH.globalRequest).string(message.name).boolean(message.wantReply).bytes(message.data)
      break
    case 'request_success':
      writer.uint8(SSH.requestSuccess).bytes(message.data)
      break
    case 'request_failure':
      writer.uint8(SSH.requestFailure)
      break
    case 'open':
      writer.uint8(SSH.channelOpen).string(message.channel).uint32(message.sender)
      writer.uint32(message.window).uint32(message.maxPacket).bytes(message.data)
      break
    case 'confirmation':
      writer.uint8(SSH.channelOpenConfirmation).uint32(message.recipient).uint32(message.sender)
      writer.uint32(message.window).uint32(message.maxPacket).bytes(message.data)
      break
    case 'open_failure':
      writer.uint8(SSH.channelOpenFailure).uint32(message.recipient).uint32(message.reason)
      writer.string(message.text).string('')
      break
    case 'window_adjust':
      writer.uint8(SSH.channelWindowAdjust).uint32(message.recipient).uint32(message.bytes)
      break
    case 'data':
      writer.uint8(SSH.channelData).uint32(message.recipient).string(message.data)
      break
    case 'extended_data':
      writer.uint8(SSH.channelExtendedData).uint32(message.recipient)
      writer.uint32(message.code).string(message.data)
      break
    case 'eof':
      writer.uint8(SSH.channelEof).uint32(message.recipient)
      break
    case 'close':
      writer.uint8(SSH.channelClose).uint32(message.recipient)
      break
    case 'request':
      writer.uint8(SSH.channelRequest).uint32(message.recipient)
      writer.string(message.name).boolean(message.wantReply).bytes(message.data)
      break
    case 'success':
      writer.uint8(SSH.channelSuccess).uint32(message.recipient)
      break
    case 'failure':
      writer.uint8(SSH.channelFailure).uint32(message.recipient)
  }
  return writer.take()
}
