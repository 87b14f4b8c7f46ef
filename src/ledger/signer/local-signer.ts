import { createHmac, hkdfSync } from 'node:crypto'
import { Fault } from '../../kernel/faults.ts'
import { signCheckpoint } from '../note/checkpoint.ts'
import type { Disk, DiskFile } from '../disk.ts'
import { noteSigner } from '../note/note.ts'
import { verifyConsistency } from '../tree/consistency.ts'
import type { ProveExtension, SignedHead, Signer } from './signer.ts'
import {
  encodeSlot,
  MEMORY_BYTES,
  MEMORY_FILE,
  readMemory,
  type RememberedHead,
  SLOT_BYTES,
  SLOTS,
} from './signer-memory.ts'

export interface LocalSignerOptions {
  /** The log's origin, which is also the key's name. */
  readonly origin: string
  /** 32 bytes (RFC 8032). */
  readonly seed: Uint8Array
  /** Seeds of keys that sign beside it while one takes over from the other. */
  readonly further?: readonly Uint8Array[]
  /** What `mac` derives its key from; default: the seed. */
  readonly secret?: Uint8Array
  /** The signer's own folder: never the log's, so that restoring the log cannot turn back its memory. */
  readonly disk: Disk
}

/**
 * A signer in this process. One write and one fdatasync to preallocated slots per signature. Errors: `ledger.damaged`
 * when its memory cannot be read at all.
 */
export async function openLocalSigner({
  origin,
  seed,
  further = [],
  secret = seed,
  disk,
}: LocalSignerOptions): Promise<Signer> {
  const key = noteSigner(origin, seed)
  const others = further.map(one => noteSigner(origin, one))
  const empty = Buffer.alloc(MEMORY_BYTES)
  const stored = await disk.read(MEMORY_FILE)
  const memory = readMemory(stored ?? empty, key, ...others)
  // One slot may be torn by a crash; the other then holds the head before, whose successor nobody was given.
  if (memory.damaged.length >= SLOTS) {
    throw new Fault('ledger.damaged', `The signer of ${origin} cannot read what it signed last.`, {
      next: "Restore the signer's folder; without its memory a rollback of the log would go unnoticed.",
      facts: { file: MEMORY_FILE },
    })
  }
  // At once and whole: a file made in steps could be found half made.
  if (stored?.length !== empty.length) {
    await disk.replace(MEMORY_FILE, Buffer.concat([stored ?? empty, empty]).subarray(0, empty.length))
  }
  const file = await disk.open(MEMORY_FILE)
  if (memory.last !== undefined) await rewrite(file, memory.last)

  const macKey = Buffer.from(hkdfSync('sha256', secret, '', `breakglass snapshot ${origin}`, 32))
  let last = memory.last
  let failed: unknown
  let turn: Promise<unknown> = Promise.resolve()

  const signNext = async ({ size, root }: SignedHead, prove: ProveExtension): Promise<string> => {
    if (failed !== undefined) throw failed
    const text = signCheckpoint(size, root, key, ...others)
    const again = last?.checkpoint.size === size && last.checkpoint.root.equals(root)
    if (again && last?.text === text) return text
    // A head that other keys signed is signed anew, into the other slot: it stays readable by them until that is durable.
    if (last !== undefined && !again && size <= last.checkpoint.size) {
      throw new Fault(
        'ledger.damaged',
        `The signer of ${origin} refused a head of ${size}: it has signed ${last.checkpoint.size}.`,
        {
          next: 'The log was turned back or rewritten; restore it to the signed head, or start a new origin.',
          facts: { size, signed: last.checkpoint.size },
        },
      )
    }
    if (last !== undefined && !again) {
      const { size: from, root: fromRoot } = last.checkpoint
      if (!verifyConsistency(from, size, fromRoot, root, await prove(from))) {
        throw new Fault(
          'ledger.damaged',
          `The signer of ${origin} refused a head of ${size}: it does not extend the ${from} entries it has signed.`,
          {
            next: 'The log was rewritten; restore it to what was signed, or start a new origin.',
            facts: { size, signed: from },
          },
        )
      }
    }
    const slot = last === undefined ? 0 : 1 - last.slot
    try {
      await file.write(slot * SLOT_BYTES, encodeSlot(text))
      await file.sync()
    } catch (error) {
      failed = error
      throw error
    }
    last = { slot, text, checkpoint: { origin, size, root } }
    return text
  }

  return {
    vkey: key.vkey,
    vkeys: [key, ...others].map(({ vkey }) => vkey),
    last: () => last?.checkpoint,
    async close() {
      await turn
      failed ??= new Error('the signer is closed')
      await file.close()
    },
    mac: digest => Promise.resolve(createHmac('sha256', macKey).update(digest).digest()),
    sign(head, prove) {
      const signed = turn.then(() => signNext(head, prove))
      turn = signed.catch(() => undefined)
      return signed
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
