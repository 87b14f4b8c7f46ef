import { decodeBase64 } from './base64.ts'
import { isKeyName, KEY_ID_BYTES } from './verifier-key.ts'

/** A signature line, read but not verified. */
export interface NoteSignature {
  readonly name: string
  readonly keyId: Buffer
  /** What follows the key id; its form depends on the type of the key. */
  readonly signature: Buffer
}

export interface SplitNote {
  /** With its last newline, without the empty line. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** A verifier must accept 16 signatures; a post-quantum one has about 5 kB. */
const LONGEST_NOTE = 256 * 1024
const MOST_SIGNATURES = 100
/** A half of a surrogate pair alone: such a string has no UTF-8. */
const LONE_SURROGATE = /\p{Cs}/u

/**
 * Takes a note apart (c2sp.org/signed-note, "Format"): the last empty line divides text and signatures. Undefined when
 * it is malformed. Nothing of it may be believed before a signature has been verified.
 */
export function splitNote(note: string): SplitNote | undefined {
  if (note.length > LONGEST_NOTE || hasControl(note) || LONE_SURROGATE.test(note)) return undefined
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n')) return undefined
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > MOST_SIGNATURES) return undefined
  const signatures: NoteSignature[] = []
  for (const line of lines) {
    const signature = parseSignatureLine(line)
    if (signature === undefined) return undefined
    signatures.push(signature)
  }
  return { text: note.slice(0, split + 1), signatures }
}

/** One line without its newline: em dash, space, key name, space, base64(key id ‖ signature). */
export function parseSignatureLine(line: string): NoteSignature | undefined {
  const [dash, name, encoded, ...more] = line.split(' ')
  if (dash !== '—' || name === undefined || encoded === undefined || more.length > 0) return undefined
  const blob = decodeBase64(encoded)
  if (!isKeyName(name) || blob === undefined || blob.length <= KEY_ID_BYTES) return undefined
  return { name, keyId: blob.subarray(0, KEY_ID_BYTES), signature: blob.subarray(KEY_ID_BYTES) }
}

/** With its newline. */
export function signatureLine({ name, keyId, signature }: NoteSignature): string {
  return `— ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`
}

/** Control characters below U+0020 other than the newline, which no note may hold. */
export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code < 0x20 && code !== 0x0a) return true
  }
  return false
}
