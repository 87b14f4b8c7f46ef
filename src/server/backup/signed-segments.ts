import { Fault } from '../../kernel/faults.ts'
import type { Disk } from '../../ledger/disk.ts'
import { decodeFrame } from '../../ledger/segment/frame.ts'
import { listSegments } from '../../ledger/segment/scan.ts'
import { segmentPath } from '../../ledger/segment/segments.ts'

export interface SignedSegment {
  /** Relative to the log's folder. */
  readonly path: string
  /** As long as the segment; zeros behind the last frame that the head covers. */
  readonly bytes: Buffer
}

/**
 * The segments of a log up to a signed head of `size`, one at a time, also while a server writes behind it: a head covers whole
 * frames, and those were durable before it was signed. Fault `ledger.damaged` when they are not there.
 */
export async function* signedSegments(disk: Disk, log: string, size: number): AsyncGenerator<SignedSegment> {
  let next = 0
  for (const number of await listSegments(disk)) {
    const path = segmentPath(number)
    const bytes = (await disk.read(path)) ?? Buffer.alloc(0)
    let end = 0
    for (
      let frame = decodeFrame(bytes, 0);
      frame !== undefined && next < size;
      frame = decodeFrame(bytes, end)
    ) {
      end = frame.end
      next = frame.first + frame.count
    }
    bytes.fill(0, end)
    yield { path, bytes }
    if (next >= size) break
  }
  if (next !== size) {
    throw new Fault(
      'ledger.damaged',
      `The log ${log} holds ${next} whole entries of the ${size} that were signed.`,
      {
        next: 'Stop the server and run `breakglass ledger verify`.',
        facts: { log, size, found: next },
      },
    )
  }
}
