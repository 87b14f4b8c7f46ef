import { canonicalJson } from '../../kernel/canonical-json.ts'
import { sha256Hex } from '../../kernel/bytes.ts'
import type { JsonObject } from '../../kernel/json.ts'

export const MANIFEST_FILE = 'manifest.json'

/** A log up to the signed head it was copied to. */
export interface BackedUpLog {
  readonly log: string
  readonly origin: string
  readonly vkey: string
  readonly size: number
  /** Hex. */
  readonly root: string
}

export interface BackedUpFile {
  /** Relative to the backup, `/` between folders. */
  readonly path: string
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

/** What a backup holds. It proves that the copy is whole; what the logs say is proven by their own signatures. */
export interface Manifest {
  readonly v: 1
  readonly organisation: string
  /** Of breakglass. */
  readonly version: string
  /** UTC, ISO 8601. */
  readonly made: string
  readonly logs: readonly BackedUpLog[]
  readonly files: readonly BackedUpFile[]
}

export function encodeManifest(manifest: Manifest): Buffer {
  return Buffer.from(`${canonicalJson(manifest as unknown as JsonObject)}\n`)
}

/** Undefined unless the bytes are what `encodeManifest` gives. */
export function decodeManifest(bytes: Buffer): Manifest | undefined {
  try {
    const found = JSON.parse(bytes.toString('utf8')) as Manifest
    return found.v === 1 && Array.isArray(found.files) && encodeManifest(found).equals(bytes)
      ? found
      : undefined
  } catch {
    return undefined
  }
}

export function describeFile(path: string, bytes: Buffer): BackedUpFile {
  return { path, bytes: bytes.length, sha256: sha256Hex(bytes) }
}
