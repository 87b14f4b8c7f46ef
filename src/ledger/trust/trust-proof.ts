import { leafHash } from '../tree/merkle.ts'
import { verifyInclusion } from '../tree/inclusion.ts'
import type { TlogProof } from '../note/proof.ts'
import type { Policy } from './policy.ts'
import { type Distrust, trustCheckpoint, type TrustedCheckpoint } from './trusted-checkpoint.ts'

export type ProofJudged =
  | { readonly ok: true; readonly index: number; readonly checkpoint: TrustedCheckpoint }
  | { readonly ok: false; readonly why: Distrust | 'not_included'; readonly what: string }

/**
 * Whether `entry`, exactly these bytes, stands at the index of the proof (c2sp.org/tlog-proof) in a log the policy
 * believes. Pure.
 */
export function trustProof(proof: TlogProof, entry: Uint8Array, policy: Policy): ProofJudged {
  const judged = trustCheckpoint(proof.checkpoint, policy)
  if (!judged.ok) return judged
  const { size, root } = judged.trusted
  if (!verifyInclusion(leafHash(entry), proof.index, size, root, proof.hashes))
    return {
      ok: false,
      why: 'not_included',
      what: `these bytes are not entry ${proof.index} of the ${size} entries that were signed`,
    }
  return { ok: true, index: proof.index, checkpoint: judged.trusted }
}
