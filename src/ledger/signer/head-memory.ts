import { Fault } from '../../kernel/faults.ts'
import type { Disk, DiskFile } from '../disk.ts'
import type { Checkpoint } from '../note/checkpoint.ts'
import type { NoteVerifier } from '../note/note.ts'
import {
  encodeSlot,
  MEMORY_BYTES,
  MEMORY_FILE,
  readMemory,
  type RememberedHead,
  SLOT_BYTES,
  SLOTS,
} from './signer-memory.ts'

/** The last head somebody put a name under, durable before anybody hears of it. Owned by one signer or one witness. */
export interface HeadMemory {
  last(): { readonly text: string; readonly checkpoint: Checkpoint } | undefined
  /** Resolves when it is durable. After an error every later call rejects with it: the file is never used again. */
  remember(text: string, checkpoint: Checkpoint): Promise<void>
  close(): Promise<void>
}

export interface HeadMemoryOptions {
  /** The memory's own folder. */
  readonly disk: Disk
  /** A signature by any of them makes a slot believed. */
  readonly keys: readonly [NoteVerifier, ...NoteVerifier[]]
  /** For the fault: `The signer of …`, `The witness of …`. */
  readonly owner: string
}

/** One write and one fdatasync to preallocated slots per head. Fault `ledger.damaged` when no slot can be read. */
export async function openHeadMemory({ disk, keys, owner }: HeadMemoryOptions): Promise<HeadMemory> {
  const empty = Buffer.alloc(MEMORY_BYTES)
  const stored = await disk.read(MEMORY_FILE)
  const memory = readMemory(stored ?? empty, ...keys)
  // One slot may be torn by a crash; the other then holds the head before, whose successor nobody was given.
  if (memory.damaged.length >= SLOTS)
    throw new Fault('ledger.damaged', `${owner} cannot read what it signed last.`, {
      next: 'Restore its folder; without its memory a rollback of the log would go unnoticed.',
      facts: { file: MEMORY_FILE },
    })
  // At once and whole: a file made in steps could be found half made.
  if (stored?.length !== empty.length)
    await disk.replace(MEMORY_FILE, Buffer.concat([stored ?? empty, empty]).subarray(0, empty.length))
  const file = await disk.open(MEMORY_FILE)
  if (memory.last !== undefined) await rewrite(file, memory.last)
  let { last } = memory
  let failed: unknown
  return {
    last: () => last,
    async remember(text, checkpoint) {
      if (failed !== undefined) throw failed
      const slot = last === undefined ? 0 : 1 - last.slot
      try {
        await file.write(slot * SLOT_BYTES, encodeSlot(text))
        await file.sync()
      } catch (error) {
        failed = error
        throw error
      }
      last = { slot, text, checkpoint }
    },
    async close() {
      failed ??= new Error('the memory is closed')
      await file.close()
    },
  }
}

/**
 * What an fsync that failed before this start left in the page cache looks written and may be lost at the next power cut: a
 * head is believed only once it was written again.
 */
async function rewrite(file: DiskFile, { slot, text }: RememberedHead): Promise<void> {
  await file.write(slot * SLOT_BYTES, encodeSlot(text))
  await file.sync()
}
