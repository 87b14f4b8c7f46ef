import { ByteReader } from '../../wire/byte-reader.ts'
import { Fault } from '../../kernel/faults.ts'
import { isUtf8 } from 'node:buffer'

/** All decoders take the body of a message, `bytes[start, end)`, without tag and length; they throw Fault `protocol.violation`. */

/** Names are compared by the server as at most 63 bytes (NAMEDATALEN − 1): longer ones mean the same thing. */
const NAME_BYTES = 63

/** A statement or portal name as a key: what the server would take for the same name gives the same key. */
export function nameKey(name: Buffer): string {
  return name.toString('latin1', 0, Math.min(name.length, NAME_BYTES))
}

/** SQL text, or undefined when it is not UTF-8: then what would be judged is not what would run. */
function sqlText(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

export function decodeQuery(bytes: Buffer, start: number, end: number): string | undefined {
  const fields = new ByteReader(bytes, start, end)
  const text = fields.cbytes()
  fields.end()
  return sqlText(text)
}

export interface ParseFields {
  readonly name: Buffer
  readonly text: string | undefined
}

export function decodeParse(bytes: Buffer, start: number, end: number): ParseFields {
  const fields = new ByteReader(bytes, start, end)
  const name = fields.cbytes()
  const text = fields.cbytes()
  fields.bytes(4 * fields.uint16())
  fields.end()
  return { name, text: sqlText(text) }
}

export interface BindFields {
  readonly portal: Buffer
  readonly statement: Buffer
  readonly formats: readonly number[]
  /** Raw values; null for SQL NULL. */
  readonly values: readonly (Buffer | null)[]
  readonly resultFormats: readonly number[]
}

export function decodeBind(bytes: Buffer, start: number, end: number): BindFields {
  const fields = new ByteReader(bytes, start, end)
  const portal = fields.cbytes()
  const statement = fields.cbytes()
  const formats = codes(fields)
  const values: (Buffer | null)[] = []
  for (let left = fields.uint16(); left > 0; left--) {
    const length = fields.int32()
    values.push(length === -1 ? null : fields.bytes(length))
  }
  const resultFormats = codes(fields)
  fields.end()
  return { portal, statement, formats, values, resultFormats }
}

function codes(fields: ByteReader): number[] {
  const list: number[] = []
  for (let left = fields.uint16(); left > 0; left--) {
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
export function decodeNamed(bytes: Buffer, start: number, end: number): { kind: 'S' | 'P'; name: Buffer } {
  const fields = new ByteReader(bytes, start, end)
  const kind = String.fromCharCode(fields.uint8())
  const name = fields.cbytes()
  fields.end()
  if (kind !== 'S' && kind !== 'P') throw new Fault('protocol.violation', 'neither a statement nor a portal')
  return { kind, name }
}

export function decodeExecute(
  bytes: Buffer,
  start: number,
  end: number,
): { portal: Buffer; maxRows: number } {
  const fields = new ByteReader(bytes, start, end)
  const portal = fields.cbytes()
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
  }
}

/** `INSERT 0 5` → 5, `SELECT 3` → 3, `BEGIN` → undefined. */
export function rowsOfTag(tag: string): number | undefined {
  const found = / (\d+)$/.exec(tag)
  return found ? Number(found[1]) : undefined
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
