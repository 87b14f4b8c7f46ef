import { decodeBase64 } from './base64.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { verifyInclusion } from '../tree/inclusion.ts'
import { HASH_BYTES } from '../tree/merkle.ts'
import type { NoteVerifier } from './note.ts'

/** c2sp.org/tlog-proof: everything needed to check offline that an entry is in a log, stored as `.tlog-proof`. */
export interface TlogProof {
  readonly index: number
  /** RFC 6962 §2.1.1, leaf's sibling first. */
  readonly hashes: readonly Buffer[]
  /** The signed checkpoint, verbatim, cosignatures included. */
  readonly checkpoint: string
  /** Opaque and not authenticated. */
  readonly extra?: Buffer
}

const HEADER = 'c2sp.org/tlog-proof@v1'
const INDEX = /^index (0|[1-9]\d{0,15})$/
/** A tree of 2^53 leaves has paths this long. */
const LONGEST_PATH = 53

export function encodeProof({ index, hashes, checkpoint, extra }: TlogProof): string {
  const lines = [HEADER]
  if (extra !== undefined) lines.push(`extra ${extra.toString('base64')}`)
  lines.push(`index ${index}`, ...hashes.map(hash => hash.toString('base64')), '', checkpoint)
  return lines.join('\n')
}

/** Undefined when the text is not a proof of that format. Nothing in the answer is verified yet. */
export function parseProof(text: string): TlogProof | undefined {
  const split = text.indexOf('\n\n')
  if (split < 0) return undefined
  const lines = text.slice(0, split).split('\n')
  if (lines.shift() !== HEADER) return undefined
  let extra: Buffer | undefined
  if (lines[0]?.startsWith('extra ') === true) {
    extra = decodeBase64(lines.shift()?.slice('extra '.length) ?? '')
    if (extra === undefined) return undefined
  }
  const index = Number(INDEX.exec(lines.shift() ?? '')?.[1])
  if (!Number.isSafeInteger(index) || lines.length > LONGEST_PATH) return undefined
  const hashes: Buffer[] = []
  for (const line of lines) {
    const hash = decodeBase64(line)
    if (hash?.length !== HASH_BYTES) return undefined
    hashes.push(hash)
  }
  return { index, hashes, checkpoint: text.slice(split + 2), ...(extra === undefined ? {} : { extra }) }
}

/** The verified checkpoint when `proof` shows that `leafHash` stands at its index in a tree this key signed. */
export function verifyProof(
  proof: TlogProof,
  leafHash: Buffer,
  verifier: NoteVerifier,
): Checkpoint | undefined {
  const checkpoint = openCheckpoint(proof.checkpoint, verifier)
  if (checkpoint === undefined) return undefined
  const holds = verifyInclusion(leafHash, proof.index, checkpoint.size, checkpoint.root, proof.hashes)
  return holds ? checkpoint : undefined
}
