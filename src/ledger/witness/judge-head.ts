import { sameBytes } from '../../kernel/bytes.ts'
import { verifyConsistency } from '../tree/consistency.ts'
import { EMPTY_ROOT } from '../tree/merkle.ts'

interface Head {
  readonly size: number
  readonly root: Buffer
}

/**
 * What a witness finds a head of a log to be, once the log's signature on it has verified. `stale`: the request starts
 * from another size than the one cosigned last. `forked`: this log has signed two histories.
 */
export type HeadJudged =
  | { readonly is: 'consistent' }
  | { readonly is: 'unordered'; readonly what: string }
  | { readonly is: 'stale'; readonly size: number }
  | { readonly is: 'unproven'; readonly what: string }
  | { readonly is: 'forked'; readonly size: number; readonly what: string }

/** The decision of c2sp.org/tlog-witness, in its order. `last`: what was cosigned last; undefined when nothing was. Pure. */
export function judgeHead(
  last: Head | undefined,
  old: number,
  proof: readonly Buffer[],
  head: Head,
): HeadJudged {
  const { size, root } = last ?? { size: 0, root: EMPTY_ROOT }
  if (old > head.size)
    return { is: 'unordered', what: `the old size ${old} is above that of the checkpoint, ${head.size}` }
  if (old !== size) return { is: 'stale', size }
  if (proof.length > 0 && (old === 0 || old === head.size))
    return { is: 'unproven', what: 'no proof belongs to the empty or to the same tree' }
  if (old === head.size && !sameBytes(root, head.root))
    return { is: 'forked', size, what: `two trees of ${size} entries were signed` }
  if (!verifyConsistency(old, head.size, root, head.root, proof))
    return { is: 'unproven', what: `the proof does not lead from ${old} to ${head.size} entries` }
  return { is: 'consistent' }
}
