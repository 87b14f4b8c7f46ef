import { hkdfSync } from 'node:crypto'
import { sha256Hex } from '../../kernel/bytes.ts'
import type { Disk } from '../disk.ts'
import { checkpointText, parseExtendedCheckpointText } from '../note/checkpoint.ts'
import { cosign, cosignerKey } from '../note/cosignature.ts'
import { type NoteVerifier, noteSigner, openNote, signNote } from '../note/note.ts'
import { splitNote } from '../note/split-note.ts'
import { type HeadMemory, openHeadMemory } from '../signer/head-memory.ts'
import { encodeSlot } from '../signer/signer-memory.ts'
import { EMPTY_ROOT } from '../tree/merkle.ts'
import { parseAddCheckpoint } from './add-checkpoint.ts'
import { judgeHead } from './judge-head.ts'

/** The answer to one request, as c2sp.org/tlog-witness words it in HTTP. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  /** 200: cosignature lines. 409: the size cosigned last, a newline behind it. Else one line that says what is wrong. */
  readonly body: string
  /** Known as soon as the request could be read so far. */
  readonly origin?: string
  readonly size?: number
  /** The log signed two trees of one size, or a tree that is not proven to extend the one before it. */
  readonly suspicious?: boolean
}

export interface FollowedHead {
  readonly origin: string
  /** 0 while nothing was cosigned. */
  readonly size: number
  /** Seconds since 1970 of the last cosignature of this process; undefined before the first. */
  readonly cosignedAt: number | undefined
}

export interface Witness {
  readonly vkey: string
  readonly name: string
  /** Never rejects for what a client sent; rejects when its memory cannot be written, and then for that log for ever. */
  add(body: string): Promise<WitnessAnswer>
  heads(): readonly FollowedHead[]
  close(): Promise<void>
}

export interface WitnessOptions {
  /** A schemeless URL; part of the key id, so fixed with the key. */
  readonly name: string
  /** 32 bytes (RFC 8032). */
  readonly seed: Uint8Array
  /** Several keys of one name are one log: signed by any of them (key rotation). */
  readonly logs: readonly NoteVerifier[]
  /** The folder of the memory of one log, by a name safe for files; never the log's own machine. */
  readonly disk: (folder: string) => Disk
  /** Seconds since 1970. */
  readonly now: () => number
}

/** Opens the memory of every followed log. Fault `ledger.damaged` when one cannot be read; TypeError on a bad name or seed, or a name of a log too long to remember. */
export async function openWitness({ name, seed, logs, disk, now }: WitnessOptions): Promise<Witness> {
  const key = cosignerKey(name, seed)
  const followed = new Map<string, FollowedLog>()
  for (const origin of new Set(logs.map(log => log.name))) {
    const keys = logs.filter(log => log.name === origin)
    // Signed with a key of the witness's own, one per log: neither the log nor a swapped folder can put words into it.
    const memoryKey = noteSigner(origin, memorySeed(seed, origin))
    // Found out now, not when the head that no longer fits must be remembered.
    encodeSlot(
      signNote(checkpointText({ origin, size: Number.MAX_SAFE_INTEGER, root: EMPTY_ROOT }), memoryKey),
    )
    const memory = await openHeadMemory({
      disk: disk(sha256Hex(origin)),
      keys: [memoryKey],
      owner: `The witness of ${origin}`,
    })
    followed.set(origin, { keys, memory, memoryKey, turn: Promise.resolve(), cosignedAt: undefined })
  }

  const addNext = async (log: FollowedLog, read: ReadRequest): Promise<WitnessAnswer> => {
    const { text, old, proof, head } = read
    const { origin, size, root } = head
    const last = log.memory.last()?.checkpoint
    const judged = judgeHead(last, old, proof, head)
    const about = { origin, size }
    if (judged.is === 'unordered') return { ...about, status: 400, body: `${judged.what}\n` }
    if (judged.is === 'stale') return { ...about, status: 409, body: `${judged.size}\n` }
    if (judged.is === 'unproven')
      return { ...about, status: 422, body: `${judged.what}\n`, suspicious: old > 0 }
    if (judged.is === 'forked') return { ...about, status: 409, body: `${judged.size}\n`, suspicious: true }
    if (last?.size !== size) {
      const own = checkpointText({ origin, size, root })
      await log.memory.remember(signNote(own, log.memoryKey), { origin, size, root })
    }
    log.cosignedAt = now()
    return { ...about, status: 200, body: cosign(text, log.cosignedAt, key) }
  }

  return {
    vkey: key.vkey,
    name,
    async add(body) {
      const read = readRequest(body)
      if (read === undefined)
        return { status: 400, body: 'not an add-checkpoint request of c2sp.org/tlog-witness\n' }
      const { origin, size } = read.head
      const log = followed.get(origin)
      if (log === undefined) return { status: 404, body: 'this log is not followed here\n', origin, size }
      if (openNote(read.checkpoint, log.keys) === undefined)
        return { status: 403, body: 'no key of this log signed it\n', origin, size }
      // Compared and remembered in one turn, or two requests could leave the smaller of two heads behind.
      const answer = log.turn.then(() => addNext(log, read))
      log.turn = answer.catch(() => undefined)
      return answer
    },
    heads: () =>
      [...followed].map(([origin, { memory, cosignedAt }]) => ({
        origin,
        size: memory.last()?.checkpoint.size ?? 0,
        cosignedAt,
      })),
    async close() {
      for (const { turn, memory } of followed.values()) {
        await turn
        await memory.close()
      }
    },
  }
}

interface FollowedLog {
  readonly keys: readonly NoteVerifier[]
  readonly memory: HeadMemory
  readonly memoryKey: ReturnType<typeof noteSigner>
  /** Ends when every request taken so far was answered. */
  turn: Promise<unknown>
  cosignedAt: number | undefined
}

interface ReadRequest {
  readonly old: number
  readonly proof: readonly Buffer[]
  readonly checkpoint: string
  /** What is cosigned: the whole text, extension lines included. */
  readonly text: string
  readonly head: { readonly origin: string; readonly size: number; readonly root: Buffer }
}

function readRequest(body: string): ReadRequest | undefined {
  const request = parseAddCheckpoint(body)
  const split = request && splitNote(request.checkpoint)
  const head = split && parseExtendedCheckpointText(split.text)
  return request && split && head ? { ...request, text: split.text, head } : undefined
}

function memorySeed(seed: Uint8Array, origin: string): Buffer {
  return Buffer.from(hkdfSync('sha256', seed, '', `breakglass witness memory ${sha256Hex(origin)}`, 32))
}
