import { createHmac, hkdfSync } from 'node:crypto'
import { Fault } from '../../kernel/faults.ts'
import { signCheckpoint } from '../note/checkpoint.ts'
import type { Disk } from '../disk.ts'
import { noteSigner } from '../note/note.ts'
import { verifyConsistency } from '../tree/consistency.ts'
import { openHeadMemory } from './head-memory.ts'
import type { ProveExtension, SignedHead, Signer } from './signer.ts'

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
  const memory = await openHeadMemory({ disk, keys: [key, ...others], owner: `The signer of ${origin}` })

  const macKey = Buffer.from(hkdfSync('sha256', secret, '', `breakglass snapshot ${origin}`, 32))
  let turn: Promise<unknown> = Promise.resolve()

  const signNext = async ({ size, root }: SignedHead, prove: ProveExtension): Promise<string> => {
    const last = memory.last()
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
    await memory.remember(text, { origin, size, root })
    return text
  }

  return {
    vkey: key.vkey,
    vkeys: [key, ...others].map(({ vkey }) => vkey),
    last: () => memory.last()?.checkpoint,
    async close() {
      await turn
      await memory.close()
    },
    mac: digest => Promise.resolve(createHmac('sha256', macKey).update(digest).digest()),
    sign(head, prove) {
      const signed = turn.then(() => signNext(head, prove))
      turn = signed.catch(() => undefined)
      return signed
    },
  }
}
