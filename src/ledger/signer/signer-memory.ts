import { type Checkpoint, openCheckpoint } from '../note/checkpoint.ts'
import type { NoteVerifier } from '../note/note.ts'

/** The file in the signer's own folder: two slots, written in turn, so that a torn write spares the other. */
export const MEMORY_FILE = 'memory'
export const SLOT_BYTES = 4096
export const SLOTS = 2
export const MEMORY_BYTES: number = SLOTS * SLOT_BYTES

/** A head as a whole slot holds it. */
export interface RememberedHead {
  readonly slot: number
  readonly text: string
  readonly checkpoint: Checkpoint
}

export interface SignerMemory {
  /** The highest of `heads`. */
  readonly last: RememberedHead | undefined
  readonly heads: readonly RememberedHead[]
  /** Slots that are neither empty nor whole: torn by a crash, or tampered with. */
  readonly damaged: readonly number[]
}

/** A slot: the signed checkpoint, then zeros. The signature makes a forged memory need the key. */
export function encodeSlot(text: string): Buffer {
  const slot = Buffer.alloc(SLOT_BYTES)
  if (Buffer.byteLength(text) >= SLOT_BYTES)
    throw new TypeError('the origin is too long for the memory of the signer')
  slot.write(text)
  return slot
}

/** A slot counts when one of the keys signed it. */
export function readMemory(bytes: Buffer, ...keys: readonly NoteVerifier[]): SignerMemory {
  const heads: RememberedHead[] = []
  const damaged: number[] = []
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const part = bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES)
    if (part.length === SLOT_BYTES && part.every(byte => byte === 0)) continue
    const end = part.indexOf(0)
    const text = part.toString('utf8', 0, Math.max(end, 0))
    const checkpoint = openCheckpoint(text, ...keys)
    if (part.length < SLOT_BYTES || checkpoint === undefined || !encodeSlot(text).equals(part)) {
      damaged.push(slot)
    } else {
      heads.push({ slot, text, checkpoint })
    }
  }
  if (bytes.length > SLOTS * SLOT_BYTES) damaged.push(SLOTS)
  const [last] = heads.toSorted((a, b) => b.checkpoint.size - a.checkpoint.size)
  return { last, heads, damaged }
}
