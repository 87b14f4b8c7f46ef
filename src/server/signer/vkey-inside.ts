import type { Disk } from '../../ledger/disk.ts'
import { decodeEntry } from '../../ledger/entry/entry.ts'
import { listSegments, scan } from '../../ledger/segment/scan.ts'

/** The key a log itself names, in its entry 0: proves only that the log agrees with itself. Undefined when it cannot be read. */
export async function vkeyInside(disk: Disk): Promise<string | undefined> {
  for await (const found of scan(disk, (await listSegments(disk)).slice(0, 1))) {
    if (found.kind !== 'frame') return undefined
    const [first] = found.frame.records
    const vkey = first && decodeEntry(first.entry)?.data['vkey']
    return typeof vkey === 'string' ? vkey : undefined
  }
  return undefined
}
