import { Fault } from '../../kernel/faults.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { CanonicalText, jcs, quoted } from './jcs.ts'
import { leafHashOfPrefixed } from '../tree/merkle.ts'

/** Largest entry in bytes (LEDGER "Format"); the tile format itself could carry 65,535. */
export const ENTRY_LIMIT = 32 * 1024

/** The version this code writes; older ones stay readable for ever. */
export const ENTRY_VERSION = 1

/** The fields of an entry as they stand in its bytes. */
export interface EntryFields {
  readonly v: number
  readonly id: string
  readonly t: number
  readonly mono: number
  readonly boot: string
  readonly src: string
  readonly sseq: number
  readonly sprev?: string | undefined
  readonly type: string
  readonly subject?: string | undefined
  readonly target?: string | undefined
  readonly outcome?: string | undefined
  readonly data: JsonObject
  /** Hex HMAC-SHA256(salt, JCS(payload)). */
  readonly commit?: string | undefined
}

export interface EncodedEntry {
  /** 0x00 ‖ bytes, as RFC 6962 hashes a leaf. */
  readonly prefixed: Buffer
  readonly bytes: Buffer
  readonly leafHash: Buffer
}

/**
 * One line of JSON in JCS order, without a line end; `data` is left out when it holds nothing. Errors:
 * `ledger.too_large` above 32 KiB; TypeError when `data` holds what JSON cannot.
 */
export function encodeEntry(
  fields: Omit<EntryFields, 'data'> & { readonly data: JsonObject | CanonicalText },
): EncodedEntry {
  const data = fields.data instanceof CanonicalText ? fields.data.text : jcs(fields.data)
  // The names below stand in the order RFC 8785 sorts them; a test compares with a general implementation.
  const text =
    `\0{"boot":${quoted(fields.boot)}` +
    (fields.commit === undefined ? '' : `,"commit":"${fields.commit}"`) +
    (data === '{}' ? '' : `,"data":${data}`) +
    `,"id":${JSON.stringify(fields.id)},"mono":${jcs(fields.mono)}` +
    optional('outcome', fields.outcome) +
    (fields.sprev === undefined ? '' : `,"sprev":"${fields.sprev}"`) +
    `,"src":${quoted(fields.src)},"sseq":${jcs(fields.sseq)}` +
    optional('subject', fields.subject) +
    `,"t":${jcs(fields.t)}` +
    optional('target', fields.target) +
    `,"type":${quoted(fields.type)},"v":${jcs(fields.v)}}`
  const prefixed = Buffer.from(text)
  const bytes = prefixed.subarray(1)
  if (bytes.length > ENTRY_LIMIT) {
    throw new Fault(
      'ledger.too_large',
      `The entry ${fields.type} has ${bytes.length} bytes; ${ENTRY_LIMIT} is the most.`,
      {
        next: 'Put the large part into the payload or the recording and log its digest.',
        facts: { type: fields.type, bytes: bytes.length, limit: ENTRY_LIMIT },
      },
    )
  }
  return { prefixed, bytes, leafHash: leafHashOfPrefixed(prefixed) }
}

function optional(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${quoted(value)}`
}

/**
 * Reads entry bytes back. Undefined unless they are exactly what `encodeEntry` writes for the fields found: unknown or
 * double names, another order, other spacing, invalid UTF-8 and unknown versions are all refused by that one rule.
 */
export function decodeEntry(bytes: Buffer): EntryFields | undefined {
  const fields = parseEntry(bytes)
  return fields !== undefined && encodeEntry(fields).bytes.equals(bytes) ? fields : undefined
}

/** The fields of bytes that are known to be what `encodeEntry` wrote, because the tree holds their hash; else `decodeEntry`. */
export function parseEntry(bytes: Buffer): EntryFields | undefined {
  if (bytes.length > ENTRY_LIMIT) return undefined
  try {
    return shape(JSON.parse(bytes.toString('utf8')))
  } catch {
    return undefined
  }
}

const HEX64 = /^[0-9a-f]{64}$/

function shape(raw: unknown): EntryFields | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined
  const { v, id, t, mono, boot, src, sseq, sprev, type, subject, target, outcome, data, commit } =
    raw as Record<string, unknown>
  if (v !== ENTRY_VERSION || !isText(id) || !isText(boot) || !isText(src) || !isText(type)) return undefined
  if (!isWhole(t) || typeof mono !== 'number' || !isWhole(sseq)) return undefined
  if (!isHashText(sprev) || !isHashText(commit)) return undefined
  if (!isOptionalText(subject) || !isOptionalText(target) || !isOptionalText(outcome)) return undefined
  if (data !== undefined && (typeof data !== 'object' || data === null || Array.isArray(data)))
    return undefined
  return {
    v,
    id,
    t,
    mono,
    boot,
    src,
    sseq,
    sprev,
    type,
    subject,
    target,
    outcome,
    data: (data ?? {}) as JsonObject,
    commit,
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function isHashText(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && HEX64.test(value))
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}
