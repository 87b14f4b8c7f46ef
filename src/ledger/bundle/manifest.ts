import type { JsonObject } from '../../kernel/json.ts'
import { jcs } from '../entry/jcs.ts'
import { BUNDLE_FORMAT } from './layout.ts'

/** What a bundle is evidence of. Ids are those of the logs; times are wall ms, `to` not included. */
export type Subject =
  | { readonly kind: 'grant'; readonly grant: string }
  | { readonly kind: 'session'; readonly session: string }
  | { readonly kind: 'range'; readonly from: number; readonly to: number }

/** The table of contents: says what the rest must be. Nothing rests on it that the logs do not prove. */
export interface Manifest {
  readonly subject: Subject
  /** Wall ms at which it was made, by the clock of whoever made it. */
  readonly made: number
  /** Name and version of what made it. */
  readonly software: string
  /** Every file but this one. */
  readonly files: Readonly<Record<string, FileDigest>>
}

export interface FileDigest {
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

/** JCS (RFC 8785), so that the same contents have the same bytes. */
export function encodeManifest({ subject, made, software, files }: Manifest): Buffer {
  const named: JsonObject = Object.fromEntries(
    Object.entries(files).map(([name, { bytes, sha256 }]) => [name, { bytes, sha256 }]),
  )
  const of: JsonObject = { ...subject }
  return Buffer.from(`${jcs({ files: named, format: BUNDLE_FORMAT, made, of, software })}\n`)
}

/** Undefined unless the bytes are exactly what `encodeManifest` writes for what they say. */
export function parseManifest(bytes: Buffer): Manifest | undefined {
  let raw: unknown
  try {
    raw = JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
  const { format, of, made, software, files } = (raw ?? {}) as Record<string, unknown>
  const subject = subjectOf(of)
  if (format !== BUNDLE_FORMAT || subject === undefined || typeof software !== 'string') return undefined
  if (!isTime(made) || typeof files !== 'object' || files === null) return undefined
  const known: Record<string, FileDigest> = Object.create(null) as Record<string, FileDigest>
  for (const [name, digest] of Object.entries(files)) {
    const { bytes: size, sha256 } = (digest ?? {}) as Record<string, unknown>
    if (!isTime(size) || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return undefined
    known[name] = { bytes: size, sha256 }
  }
  const manifest: Manifest = { subject, made, software, files: known }
  return encodeManifest(manifest).equals(bytes) ? manifest : undefined
}

function subjectOf(raw: unknown): Subject | undefined {
  const { kind, grant, session, from, to } = (raw ?? {}) as Record<string, unknown>
  if (kind === 'grant' && typeof grant === 'string') return { kind, grant }
  if (kind === 'session' && typeof session === 'string') return { kind, session }
  if (kind === 'range' && isTime(from) && isTime(to)) return { kind, from, to }
  return undefined
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
