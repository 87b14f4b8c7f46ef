import { ByteWriter } from '../../../wire/byte-writer.ts'
import { AUTHENTICATION, BACKEND, FRONTEND, PROTOCOL_3_0, REQUEST } from './messages.ts'

const writer = new ByteWriter()

function message(tag: number, fill: (body: ByteWriter) => void): Buffer {
  writer.clear().uint8(tag).int32(0)
  fill(writer)
  writer.patchInt32(1, writer.length - 1)
  return writer.take()
}

/** A message without tag: the first packet of a connection. */
function untagged(fill: (body: ByteWriter) => void): Buffer {
  writer.clear().int32(0)
  fill(writer)
  writer.patchInt32(0, writer.length)
  return writer.take()
}

const nothing = () => undefined

export const sslRequest = (): Buffer => untagged(body => body.int32(REQUEST.ssl))

export const cancelRequest = (pid: number, key: Buffer): Buffer =>
  untagged(body => body.int32(REQUEST.cancel).int32(pid).bytes(key))

export const startup = (
  parameters: Readonly<Record<string, string>>,
  protocol: number = PROTOCOL_3_0,
): Buffer =>
  untagged(body => {
    body.int32(protocol)
    for (const [name, value] of Object.entries(parameters)) body.cstring(name).cstring(value)
    body.uint8(0)
  })

// From the client to the server.
export const query = (text: string): Buffer => message(FRONTEND.query, body => body.cstring(text))
/** `name`: one character per byte (`NameKey`). */
export const parse = (name: string, text: string, types: readonly number[] = []): Buffer =>
  message(FRONTEND.parse, body => {
    body.bytes(Buffer.from(name, 'latin1')).uint8(0).cstring(text).int16(types.length)
    for (const oid of types) body.int32(oid | 0)
  })
/** Asks for results as text. `formats`: none, one for all, or one per value. */
export const bind = (
  portal: string,
  statement: string,
  formats: readonly number[] = [],
  values: readonly (Buffer | null)[] = [],
): Buffer =>
  message(FRONTEND.bind, body => {
    body.bytes(Buffer.from(portal, 'latin1')).uint8(0).bytes(Buffer.from(statement, 'latin1')).uint8(0)
    body.int16(formats.length)
    for (const format of formats) body.int16(format)
    body.int16(values.length)
    for (const value of values) {
      if (value === null) body.int32(-1)
      else body.int32(value.length).bytes(value)
    }
    body.int16(0)
  })
/** Close or Describe: `S`tatement or `P`ortal. */
const named = (tag: number, kind: 'S' | 'P', name: string): Buffer =>
  message(tag, body => body.bytes(Buffer.from(kind + name, 'latin1')).uint8(0))
export const closeStatement = (name: string): Buffer => named(FRONTEND.close, 'S', name)
export const closePortal = (name: string): Buffer => named(FRONTEND.close, 'P', name)
export const describeStatement = (name: string): Buffer => named(FRONTEND.describe, 'S', name)
export const sync = (): Buffer => message(FRONTEND.sync, nothing)
export const execute = (portal: string, maxRows: number): Buffer =>
  message(FRONTEND.execute, body => body.bytes(Buffer.from(portal, 'latin1')).uint8(0).int32(maxRows))
export const describePortal = (portal: string): Buffer =>
  message(FRONTEND.describe, body =>
    body.uint8('P'.charCodeAt(0)).bytes(Buffer.from(portal, 'latin1')).uint8(0),
  )
export const flush = (): Buffer => message(FRONTEND.flush, nothing)
export const terminate = (): Buffer => message(FRONTEND.terminate, nothing)
export const copyFail = (why: string): Buffer => message(FRONTEND.copyFail, body => body.cstring(why))
export const password = (text: string): Buffer => message(FRONTEND.password, body => body.cstring(text))
export const saslInitialResponse = (mechanism: string, data: string): Buffer =>
  message(FRONTEND.password, body => {
    const bytes = Buffer.from(data)
    body.cstring(mechanism).int32(bytes.length).bytes(bytes)
  })
export const saslResponse = (data: string): Buffer =>
  message(FRONTEND.password, body => body.bytes(Buffer.from(data)))

// From the server to the client.
export const authenticationOk = (): Buffer =>
  message(BACKEND.authentication, body => body.int32(AUTHENTICATION.ok))
export const authenticationSasl = (mechanisms: readonly string[]): Buffer =>
  message(BACKEND.authentication, body => {
    body.int32(AUTHENTICATION.sasl)
    for (const mechanism of mechanisms) body.cstring(mechanism)
    body.uint8(0)
  })
export const authenticationSaslContinue = (data: string): Buffer =>
  message(BACKEND.authentication, body => body.int32(AUTHENTICATION.saslContinue).bytes(Buffer.from(data)))
export const authenticationSaslFinal = (data: string): Buffer =>
  message(BACKEND.authentication, body => body.int32(AUTHENTICATION.saslFinal).bytes(Buffer.from(data)))
/** `version` whole, major and minor, as every server sends it. */
export const negotiateProtocolVersion = (version: number, unknown: readonly string[]): Buffer =>
  message(BACKEND.negotiateProtocolVersion, body => {
    body.int32(version).int32(unknown.length)
    for (const option of unknown) body.cstring(option)
  })
export const parameterStatus = (name: string, value: string): Buffer =>
  message(BACKEND.parameterStatus, body => body.cstring(name).cstring(value))
export const backendKeyData = (pid: number, key: Buffer): Buffer =>
  message(BACKEND.backendKeyData, body => body.int32(pid).bytes(key))
export const readyForQuery = (status: number): Buffer =>
  message(BACKEND.readyForQuery, body => body.uint8(status))

/** Fields of ErrorResponse and NoticeResponse by their letter ("Error and Notice Message Fields"). */
export interface ReportFields {
  readonly severity: 'ERROR' | 'FATAL' | 'WARNING' | 'NOTICE'
  readonly code: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
  /** In characters of the client's text, from 1: clients draw a caret there. */
  readonly position?: number
}

function report(tag: number, fields: ReportFields): Buffer {
  return message(tag, body => {
    const field = (letter: string, text: string | undefined) => {
      // NUL would end the field early; nothing that reaches a person contains one.
      if (text !== undefined) body.uint8(letter.charCodeAt(0)).cstring(text.replaceAll('\0', ''))
    }
    field('S', fields.severity)
    field('V', fields.severity)
    field('C', fields.code)
    field('M', fields.message)
    field('D', fields.detail)
    field('H', fields.hint)
    field('P', fields.position?.toString())
    body.uint8(0)
  })
}

export const errorResponse = (fields: ReportFields): Buffer => report(BACKEND.error, fields)
export const noticeResponse = (fields: ReportFields): Buffer => report(BACKEND.notice, fields)
