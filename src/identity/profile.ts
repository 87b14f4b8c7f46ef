import { sha256Hex } from '../kernel/bytes.ts'
import { canonicalJson } from '../kernel/canonical-json.ts'
import { Fault } from '../kernel/faults.ts'
import type { PersonId } from '../kernel/ids.ts'

/** The personal part of a person. Lives in the vault only; never changes once written (a new handle is a new person). */
export interface Profile {
  /** How people and procedures name them: lower case, unique for ever, `ana`. */
  readonly handle: string
  readonly name: string
}

const HANDLE = /^[a-z0-9][a-z0-9._-]{0,62}$/
const NAME_MOST = 120

export function profileRecord(person: PersonId): string {
  return `profile/${person}`
}

export function checkProfile(input: { readonly handle: string; readonly name: string }): Profile {
  const handle = normalHandle(input.handle)
  if (!HANDLE.test(handle)) {
    throw new Fault('input.invalid', `“${input.handle.slice(0, 64)}” cannot be a handle.`, {
      next: 'Use 1 to 63 letters, digits, dots, dashes or underscores, starting with a letter or digit.',
      facts: { field: 'handle' },
    })
  }
  const name = input.name.trim().normalize('NFC')
  if (name === '' || name.length > NAME_MOST || /\p{Cc}/u.test(name)) {
    throw new Fault('input.invalid', 'The name is empty, too long or holds control characters.', {
      next: `Write the name as colleagues know it, at most ${NAME_MOST} characters.`,
      facts: { field: 'name' },
    })
  }
  return { handle, name }
}

/** People type `Ana ` on a phone keyboard; look-alikes of other scripts stay different and are not found. */
export function normalHandle(text: string): string {
  return text.trim().toLowerCase()
}

export function encodeProfile(profile: Profile): { readonly bytes: Buffer; readonly digest: string } {
  const bytes = Buffer.from(canonicalJson({ v: 1, handle: profile.handle, name: profile.name }))
  return { bytes, digest: sha256Hex(bytes) }
}

/** Undefined unless the record is byte for byte what the log names. */
export function decodeProfile(bytes: Uint8Array | undefined, digest: string): Profile | undefined {
  if (!bytes || sha256Hex(bytes) !== digest) return undefined
  return JSON.parse(Buffer.from(bytes).toString()) as Profile
}
