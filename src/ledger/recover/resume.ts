import { sameBytes, sha256 } from '../../kernel/bytes.ts'
import type { Disk } from '../disk.ts'
import { decodeFrame, logIdOf } from '../segment/frame.ts'
import { segmentPath } from '../segment/segments.ts'
import type { SignedHead, Signer } from '../signer/signer.ts'
import { type OnFull, Tree } from '../tree/tree.ts'
import { decodeSnapshot, type Snapshot, SNAPSHOT_FILE } from './snapshot.ts'

export interface ResumeOptions {
  readonly origin: string
  readonly disk: Disk
  readonly signer: Pick<Signer, 'mac'>
  readonly onFull: OnFull
  /** Every head that somebody remembers. */
  readonly heads: readonly SignedHead[]
  /** Numbers of the segments that exist, rising. */
  readonly segments: readonly number[]
}

/** Where reading may begin, and why not further along. */
export type Resumed =
  | { readonly from: 'snapshot'; readonly snapshot: Snapshot; readonly tree: Tree }
  | { readonly from: 'beginning'; readonly why: 'no_snapshot' | 'bad_snapshot' }

/**
 * The snapshot of a log, when it is one: the signer's MAC holds over it, its root is that of its own edge, no head of its size says
 * otherwise, and the frame it names as the last one stands where it says. Anything else is no reason to refuse: a snapshot is
 * derived, and whatever made it wrong is found by reading everything.
 */
export async function resume(options: ResumeOptions): Promise<Resumed> {
  const stored = await options.disk.read(SNAPSHOT_FILE)
  if (stored === undefined) return { from: 'beginning', why: 'no_snapshot' }
  const { origin, signer, heads, onFull } = options
  const decoded = decodeSnapshot(stored)
  if (decoded === undefined || !sameBytes(decoded.mac, await signer.mac(sha256(decoded.text)))) return BAD
  const { snapshot } = decoded
  if (snapshot.origin !== origin || !(await endsThere(snapshot, options))) return BAD
  const tree = treeOf(snapshot, onFull)
  if (tree === undefined) return BAD
  for (const { size, root } of heads) {
    if (size === snapshot.size && !root.equals(snapshot.root)) return BAD
  }
  return { from: 'snapshot', snapshot, tree }
}

const BAD: Resumed = { from: 'beginning', why: 'bad_snapshot' }

function treeOf({ size, root, edges }: Snapshot, onFull: OnFull): Tree | undefined {
  try {
    const tree = new Tree(onFull, size, edges)
    return tree.root().equals(root) ? tree : undefined
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Whether every segment up to the last frame is there, and that frame, whole. */
async function endsThere(
  { origin, size, frame, epoch, firsts }: Snapshot,
  { disk, segments }: ResumeOptions,
): Promise<boolean> {
  if (firsts.length !== frame.segment + 1 || firsts.some((_, number) => segments[number] !== number))
    return false
  const file = await disk.open(segmentPath(frame.segment))
  try {
    const found = decodeFrame(await file.read(frame.offset, frame.end - frame.offset))
    return (
      found !== undefined &&
      found.hash.equals(frame.hash) &&
      found.logId.equals(logIdOf(origin)) &&
      found.first + found.count === size &&
      found.epoch === epoch
    )
  } finally {
    await file.close()
  }
}
