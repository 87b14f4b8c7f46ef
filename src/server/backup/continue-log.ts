import type { Clock } from '../../kernel/clock.ts'
import { Fault } from '../../kernel/faults.ts'
import type { Disk } from '../../ledger/disk.ts'
import { CLEAN_STOP_FILE, encodeCleanStop } from '../../ledger/recover/clean-stop.ts'
import { openLog } from '../../ledger/open-log.ts'
import { encodeFrame, logIdOf, NO_FRAME, frameHash } from '../../ledger/segment/frame.ts'
import { listSegments, scan } from '../../ledger/segment/scan.ts'
import { segmentPath } from '../../ledger/segment/segments.ts'
import type { Signer } from '../../ledger/signer/signer.ts'
import type { FormerOrigin } from '../data-format.ts'

export interface ContinueOptions {
  readonly log: string
  /** The new one, which nothing was signed under yet. */
  readonly origin: string
  /** Of the new origin; closed here. */
  readonly signer: Signer
  /** Where the copied log lies. */
  readonly from: Disk
  /** Where the new one is written; empty. */
  readonly to: Disk
  /** The signed head of the old log up to which it was copied. */
  readonly head: {
    readonly origin: string
    readonly size: number
    readonly root: Buffer
    readonly checkpoint: string
  }
  /** Origins the old log itself went on from. */
  readonly former: readonly FormerOrigin[]
  /** Entries the old signer has signed; undefined when it is not at hand. */
  readonly signed: number | undefined
  readonly clock: Clock
  readonly segmentBytes: number
}

/**
 * Begins a log under a new origin with the entries of an old one, byte for byte and at their indices, so that its tree extends the
 * old tree and whatever names an entry by its index still does. The next entry is `ledger.continued`: origin, size, root and
 * checkpoint of the old log, and how many entries were lost. Frames are bound to the origin, so they are written anew.
 */
export async function continueLog(options: ContinueOptions): Promise<void> {
  const { log, origin, signer, from, to, head, former, signed, clock, segmentBytes } = options
  if (signer.last() !== undefined) {
    await signer.close()
    throw new Fault('conflict', `Something was signed as ${origin} before.`, {
      next: 'Choose a name that was never used: an origin stands for one log only.',
      facts: { origin },
    })
  }
  await writeAnew(from, to, origin)
  const { size, root } = head
  const checkpoint = await signer.sign({ size, root }, () => Promise.resolve([]))
  await to.replace(CLEAN_STOP_FILE, encodeCleanStop({ size, root }))
  const running = await openLog({
    name: log,
    origin,
    disk: to,
    signer,
    clock,
    segmentBytes,
    entryZero: {},
    former: [...former, { origin: head.origin, size }],
  })
  const data = {
    origin,
    vkey: signer.vkey,
    checkpoint,
    continues: {
      origin: head.origin,
      size,
      root: root.toString('hex'),
      checkpoint: head.checkpoint,
      ...(signed !== undefined && { signed, lost: Math.max(0, signed - size) }),
    },
  }
  try {
    await running.append([{ type: 'ledger.continued', src: 'ledger', data }], { reserve: true }).signed()
  } finally {
    await running.close()
  }
}

/** The same records in frames of another log; segments keep their numbers, offsets and lengths. */
async function writeAnew(from: Disk, to: Disk, origin: string): Promise<void> {
  const logId = logIdOf(origin)
  let previous = NO_FRAME
  for (const number of await listSegments(from)) {
    const frames: Buffer[] = []
    for await (const found of scan(from, [number])) {
      if (found.kind === 'frame') {
        const { epoch, first, records } = found.frame
        const frame = encodeFrame({ logId, epoch, first, previous }, records)
        previous = frameHash(frame)
        frames.push(frame)
      } else if (found.kind === 'end') {
        frames.push(Buffer.alloc(found.size - found.used))
      }
    }
    await to.replace(segmentPath(number), Buffer.concat(frames))
  }
}
