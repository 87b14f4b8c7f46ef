import { ByteReader } from '../../../wire/byte-reader.ts'
import { Fault } from '../../../kernel/faults.ts'
import { isUtf8 } from 'node:buffer'

/** All decoders take the body of a message, `bytes[start, end)`, without tag and length; they throw Fault `protocol.violation`. */

/** Names are compared by the server as at most 63 bytes (NAMEDATALEN − 1): longer ones mean the same thing. */
const NAME_BYTES = 63

/**
 * The name of a statement or portal as a key, one character per byte: what the server takes for the same name gives the same
 * key.
 */
export type NameKey = string

/** The key of a name in SQL text. */
export function nameKey(name: string): NameKey {
  return Buffer.from(name).toString('latin1', 0, NAME_BYTES)
}

function takeName(fields: ByteReader): NameKey {
  return fields.clatin1().slice(0, NAME_BYTES)
}

/** SQL text, or undefined when it is not UTF-8: then what would be judged is not what would run. */
export function decodeQuery(bytes: Buffer, start: number, end: number): string | undefined {
  const fields = new ByteReader(bytes, start, end)
  const text = takeText(fields)
  fields.end()
  return text
}

/** A replacement character is either in the text or stands for bytes that are none. */
function takeText(fields: ByteReader): string | undefined {
  const from = fields.position
  const text = fields.cstring()
  return text.includes('\ufffd') && !isUtf8(fields.since(from)) ? undefined : text
}

export interface ParseFields {
  readonly name: NameKey
  readonly text: string | undefined
}

export function decodeParse(bytes: Buffer, start: number, end: number): ParseFields {
  const fields = new ByteReader(bytes, start, end)
  const name = takeName(fields)
  const text = takeText(fields)
  fields.skip(4 * fields.uint16())
  fields.end()
  return { name, text }
}

/** The types a Parse declares for its parameters; 0 for those it leaves to the server. */
export function decodeParseTypes(bytes: Buffer, start: number, end: number): readonly number[] {
  const fields = new ByteReader(bytes, start, end)
  fields.clatin1()
  fields.clatin1()
  return Array.from({ length: fields.uint16() }, () => fields.uint32())
}

export interface BindFields {
  readonly portal: NameKey
  readonly statement: NameKey
  readonly formats: readonly number[]
  /** Raw values, null for SQL NULL; empty when they were not asked for. */
  readonly values: readonly (Buffer | null)[]
  readonly resultFormats: readonly number[]
}

export function decodeBind(bytes: Buffer, start: number, end: number, withValues: boolean): BindFields {
  const fields = new ByteReader(bytes, start, end)
  const portal = takeName(fields)
  const statement = takeName(fields)
  const formats = codes(fields)
  const values: (Buffer | null)[] = []
  for (let left = fields.uint16(); left > 0; left--) {
    const length = fields.int32()
    if (withValues) values.push(length === -1 ? null : fields.bytes(length))
    else if (length !== -1) fields.skip(length)
  }
  const resultFormats = codes(fields)
  fields.end()
  return { portal, statement, formats, values, resultFormats }
}

const NO_CODES: readonly number[] = []

function codes(fields: ByteReader): readonly number[] {
  let left = fields.uint16()
  if (left === 0) return NO_CODES
  const list: number[] = []
  for (; left > 0; left--) {
    const format = fields.int16()
    if (format !== 0 && format !== 1) throw new Fault('protocol.violation', 'an unknown format code')
    list.push(format)
  }
  return list
}

/** The format of item `index`: none given means text, one given holds for all. */
export function formatOf(formats: readonly number[], index: number): number {
  if (formats.length === 0) return 0
  return (formats.length === 1 ? formats[0] : formats[index]) ?? 0
}

/** Describe and Close: `S`tatement or `P`ortal, and its name. */
export function decodeNamed(
  bytes: Buffer,
  start: number,
  end: number,
): { readonly kind: 'S' | 'P'; readonly name: NameKey } {
  const fields = new ByteReader(bytes, start, end)
  const kind = String.fromCharCode(fields.uint8())
  const name = takeName(fields)
  fields.end()
  if (kind !== 'S' && kind !== 'P') throw new Fault('protocol.violation', 'neither a statement nor a portal')
  return { kind, name }
}

export function decodeExecute(
  bytes: Buffer,
  start: number,
  end: number,
): { portal: NameKey; maxRows: number } {
  const fields = new ByteReader(bytes, start, end)
  const portal = takeName(fields)
  const maxRows = fields.int32()
  fields.end()
  return { portal, maxRows }
}

/** Of a FunctionCall only which function; its arguments are opaque to us. */
export function decodeFunctionOid(bytes: Buffer, start: number, end: number): number {
  return new ByteReader(bytes, start, end).uint32()
}

export function decodeParameterStatus(
  bytes: Buffer,
  start: number,
  end: number,
): { name: string; value: string } {
  const fields = new ByteReader(bytes, start, end)
  return { name: fields.cstring(), value: fields.cstring() }
}

export interface ReportedFields {
  readonly severity: string
  readonly code: string
  readonly message: string
  /** The function of the server that says so; never translated. */
  readonly routine: string
}

/** What the record needs of an ErrorResponse. A body cut off at `end` gives the fields that are complete. */
export function decodeReport(bytes: Buffer, start: number, end: number): ReportedFields {
  const found = new Map<string, string>()
  let at = start
  while (at < end && bytes[at] !== 0) {
    const nul = bytes.indexOf(0, at + 1)
    if (nul < 0 || nul >= end) break
    found.set(String.fromCharCode(bytes[at] ?? 0), bytes.toString('utf8', at + 1, nul))
    at = nul + 1
  }
  return {
    severity: found.get('V') ?? found.get('S') ?? 'ERROR',
    code: found.get('C') ?? 'XX000',
    message: found.get('M') ?? '',
    routine: found.get('R') ?? '',
  }
}

/** The number a CommandComplete ends with, `bytes[start, end)` including its NUL: `INSERT 0 5` → 5, `BEGIN` → undefined. */
export function rowsOfTag(bytes: Buffer, start: number, end: number): number | undefined {
  let rows = 0
  let place = 1
  let at = end - 2
  for (; at >= start; at--) {
    const digit = (bytes[at] ?? 0) - 48
    if (digit < 0 || digit > 9) break
    rows += digit * place
    place *= 10
  }
  return at < end - 2 && bytes[at] === 0x20 ? rows : undefined
}

/** Column names and formats of a RowDescription. */
export function decodeRowDescription(
  bytes: Buffer,
  start: number,
  end: number,
): { names: readonly string[]; formats: readonly number[] } {
  const fields = new ByteReader(bytes, start, end)
  const names: string[] = []
  const formats: number[] = []
  for (let left = fields.uint16(); left > 0; left--) {
    names.push(fields.cstring())
    fields.bytes(16)
    formats.push(fields.int16())
  }
  fields.end()
  return { names, formats }
}
