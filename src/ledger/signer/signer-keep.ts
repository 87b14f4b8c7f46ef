import { sha256Hex } from '../../kernel/bytes.ts'
import { Fault } from '../../kernel/faults.ts'
import type { Disk } from '../disk.ts'
import { noteSigner } from '../note/note.ts'
import { openLocalSigner } from './local-signer.ts'
import type { SignerHouse } from './signer-house.ts'
import {
  decodeSignerKeys,
  encodeSignerKeys,
  KEYS_FILE,
  newSignerKeys,
  type SignerKeys,
  signersOf,
} from './signer-keys.ts'
import { MEMORY_BYTES, MEMORY_FILE, readMemory, SLOTS } from './signer-memory.ts'

/**
 * Keys and memories in a directory of their own, one folder for each log. `diskOf` gives the disk of such a folder. The
 * directory's lock must be held by this process.
 */
export function openSignerKeep(diskOf: (folder: string) => Disk): SignerHouse {
  const held = new Set<string>()

  const hold = async <T>(origin: string, work: (disk: Disk) => Promise<T>): Promise<T> => {
    if (held.has(origin)) throw inUse(origin)
    held.add(origin)
    try {
      return await work(diskOf(signerFolder(origin)))
    } catch (error) {
      held.delete(origin)
      throw error
    }
  }

  return {
    open: (origin, { create }) =>
      hold(origin, async disk => {
        const keys = (await readKeys(disk, origin)) ?? (await makeKeys(disk, origin, create))
        const [seed, ...further] = keys.seeds
        if (seed === undefined) throw new TypeError('keys hold at least one seed')
        const signer = await openLocalSigner({ origin, seed, further, secret: keys.secret, disk })
        return {
          ...signer,
          async close() {
            await signer.close()
            held.delete(origin)
          },
        }
      }),
    adopt: (origin, seed, memory) =>
      hold(origin, async disk => {
        await adopt(disk, origin, seed, memory)
        held.delete(origin)
      }),
    close: () => Promise.resolve(),
  }
}

/** Readable, and a name of its own for every origin. */
export function signerFolder(origin: string): string {
  return `${origin.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 100)}-${sha256Hex(origin).slice(0, 16)}`
}

/** Undefined when the directory knows nothing of the log. Fault `ledger.damaged` when it lost a part of it. */
export async function readKeys(disk: Disk, origin: string): Promise<SignerKeys | undefined> {
  const bytes = await disk.read(KEYS_FILE)
  const memory = await disk.read(MEMORY_FILE)
  if (bytes === undefined) {
    // An empty memory without a key is what a crash leaves of a log that was about to begin.
    if (memory === undefined || memory.every(byte => byte === 0)) return undefined
    throw lost(origin, KEYS_FILE, 'It remembers what it signed, but its key is gone')
  }
  const keys = decodeSignerKeys(bytes, origin)
  if (keys === undefined) throw lost(origin, KEYS_FILE, 'Its key cannot be read')
  // The memory was made before the key: without it, it was lost.
  if (memory === undefined) throw lost(origin, MEMORY_FILE, 'Its memory of what it signed last is gone')
  return keys
}

async function makeKeys(disk: Disk, origin: string, create: boolean): Promise<SignerKeys> {
  if (!create) {
    throw new Fault(
      'ledger.damaged',
      `The log ${origin} exists, but its signer has no key for it: this is not the signer that it began with.`,
      {
        next: 'Give the server the signer directory that belongs to this data (setting `signer`); when it is lost, begin a new origin: `breakglass restore --new-origin`.',
        facts: { origin },
      },
    )
  }
  const keys = newSignerKeys(origin)
  await disk.replace(MEMORY_FILE, Buffer.alloc(MEMORY_BYTES))
  await disk.replace(KEYS_FILE, encodeSignerKeys(keys))
  return keys
}

async function adopt(disk: Disk, origin: string, seed: Buffer, memory: Buffer): Promise<void> {
  const verifier = noteSigner(origin, seed)
  const given = readMemory(memory, verifier)
  if (given.damaged.length >= SLOTS || memory.length !== MEMORY_BYTES)
    throw lost(origin, MEMORY_FILE, 'The memory that it was to take over is not of its key')
  const keys = await readKeys(disk, origin)
  if (keys === undefined) {
    await disk.replace(MEMORY_FILE, memory)
    await disk.replace(KEYS_FILE, encodeSignerKeys(newSignerKeys(origin, seed)))
    return
  }
  if (!keys.seeds.some(own => own.equals(seed))) {
    throw new Fault('conflict', `The signer of ${origin} has another key than the vault.`, {
      next: 'Give the server the signer directory that belongs to this data (setting `signer`).',
      facts: { origin },
    })
  }
  const own = readMemory((await disk.read(MEMORY_FILE)) ?? Buffer.alloc(0), ...signersOf(keys))
  if ((given.last?.checkpoint.size ?? 0) > (own.last?.checkpoint.size ?? 0))
    await disk.replace(MEMORY_FILE, memory)
}

function lost(origin: string, file: string, what: string): Fault {
  return new Fault('ledger.damaged', `The signer of ${origin} cannot start. ${what}.`, {
    next: 'Nothing was changed. Bring back the newest copy of the signer directory; when there is none, begin a new origin: `breakglass restore --new-origin`.',
    facts: { origin, file },
  })
}

function inUse(origin: string): Fault {
  return new Fault('ledger.in_use', `The signer of ${origin} serves another server already.`, {
    next: 'Two servers on one log would write two truths: stop the other one first.',
    facts: { origin },
  })
}
