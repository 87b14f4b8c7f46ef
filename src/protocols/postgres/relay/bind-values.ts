import { createHash } from 'node:crypto'
import { isUtf8 } from 'node:buffer'
import { formatOf, type BindFields } from '../messages/decode.ts'

/** A value up to this many bytes is recorded as it is; of a longer one its digest. */
const LONGEST_VALUE = 1024
/** What all values of one Bind may take; the rest is recorded as one digest, as a log entry has a limit. */
const MOST_BYTES = 12_288

/** Bind values for the record: text as text, binary as `\x` and hex, null for NULL, digests for what is too long. */
export function bindValues(fields: BindFields): readonly (string | null)[] {
  const said: (string | null)[] = []
  let left = MOST_BYTES
  for (const [index, value] of fields.values.entries()) {
    const text = value === null ? null : valueText(value, formatOf(fields.formats, index))
    left -= text?.length ?? 1
    if (left < 0) return [...said, digestOf(fields.values.slice(index))]
    said.push(text)
  }
  return said
}

function valueText(value: Buffer, format: number): string {
  if (value.length > LONGEST_VALUE) return `(${value.length} bytes, sha256 ${sha256(value)})`
  if (format === 0 && isUtf8(value)) return value.toString('utf8')
  return `\\x${value.toString('hex')}`
}

function digestOf(rest: readonly (Buffer | null)[]): string {
  const hash = createHash('sha256')
  for (const value of rest) {
    const length = Buffer.alloc(4)
    length.writeInt32BE(value === null ? -1 : value.length)
    hash.update(length)
    if (value !== null) hash.update(value)
  }
  return `(${rest.length} more values, sha256 over length and bytes of each ${hash.digest('hex')})`
}

function sha256(value: Buffer): string {
  return createHash('sha256').update(value).digest('hex')
}
