import { decodeBase64 } from './base64.ts'
import { HASH_BYTES } from '../tree/merkle.ts'
import { type NoteSigner, type NoteVerifier, openNote, signNote } from './note.ts'

/** c2sp.org/tlog-checkpoint without extension lines, which witnesses reject. */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Buffer
}

const SIZE = /^(0|[1-9]\d{0,15})$/

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

/** The note text of a checkpoint; undefined when it is anything else, extension lines included. */
export function parseCheckpointText(text: string): Checkpoint | undefined {
  const parsed = parseExtendedCheckpointText(text)
  if (parsed === undefined || parsed.extensions.length > 0) return undefined
  const { origin, size, root } = parsed
  return { origin, size, root }
}

/** A checkpoint of any log: extension lines mean nothing to anybody but the log, and must only not be empty. */
export interface ExtendedCheckpoint extends Checkpoint {
  readonly extensions: readonly string[]
}

export function parseExtendedCheckpointText(text: string): ExtendedCheckpoint | undefined {
  const lines = text.split('\n')
  if (lines.pop() !== '') return undefined
  const [origin, size, encoded, ...extensions] = lines
  if (!origin || size === undefined || encoded === undefined || extensions.includes('')) return undefined
  const root = decodeBase64(encoded)
  if (!SIZE.test(size) || !Number.isSafeInteger(Number(size)) || root?.length !== HASH_BYTES) return undefined
  return { origin, size: Number(size), root, extensions }
}

/**
 * The whole signed note, as served at `<prefix>/checkpoint`; all keys have the origin as their name. Ed25519 is deterministic:
 * the same head and keys give the same bytes.
 */
export function signCheckpoint(
  size: number,
  root: Buffer,
  signer: NoteSigner,
  ...further: readonly NoteSigner[]
): string {
  return signNote(checkpointText({ origin: signer.name, size, root }), signer, ...further)
}

/**
 * A checkpoint that at least one of the keys signed under its origin; undefined otherwise, and when a signature that claims
 * one of them does not verify.
 */
export function openCheckpoint(note: string, ...keys: readonly NoteVerifier[]): Checkpoint | undefined {
  const opened = openNote(note, keys)
  if (opened === undefined) return undefined
  const checkpoint = parseCheckpointText(opened.text)
  return checkpoint !== undefined && opened.signedBy.includes(checkpoint.origin) ? checkpoint : undefined
}
