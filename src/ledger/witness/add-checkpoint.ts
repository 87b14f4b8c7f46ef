import { decodeBase64 } from '../note/base64.ts'
import { HASH_BYTES } from '../tree/merkle.ts'

/** The body of `POST <prefix>/add-checkpoint` (c2sp.org/tlog-witness). */
export interface AddCheckpoint {
  /** Size of the tree the witness is thought to have cosigned last; 0 when it never did, or to find out. */
  readonly old: number
  /** RFC 6962 §2.1.2, from `old` to the checkpoint. */
  readonly proof: readonly Buffer[]
  /** The signed note, verbatim. */
  readonly checkpoint: string
}

const OLD = /^old (0|[1-9]\d{0,15})$/
/** No tree of 64-bit size has a longer proof. */
const MOST_HASHES = 63
/** Beyond any checkpoint with 16 signatures of the largest kind. */
export const LONGEST_REQUEST: number = 256 * 1024
/** What a witness answers a 409 with, and its type. */
export const SIZE_TYPE = 'text/x.tlog.size'

export function encodeAddCheckpoint({ old, proof, checkpoint }: AddCheckpoint): string {
  return [`old ${old}`, ...proof.map(hash => hash.toString('base64')), '', checkpoint].join('\n')
}

/** Undefined unless it is of that form to the byte. Nothing in it is verified yet, the checkpoint not even read. */
export function parseAddCheckpoint(text: string): AddCheckpoint | undefined {
  const split = text.indexOf('\n\n')
  if (split < 0) return undefined
  const [first = '', ...lines] = text.slice(0, split).split('\n')
  const old = Number(OLD.exec(first)?.[1])
  if (!Number.isSafeInteger(old) || lines.length > MOST_HASHES) return undefined
  const proof: Buffer[] = []
  for (const line of lines) {
    const hash = decodeBase64(line)
    if (hash?.length !== HASH_BYTES) return undefined
    proof.push(hash)
  }
  return { old, proof, checkpoint: text.slice(split + 2) }
}
