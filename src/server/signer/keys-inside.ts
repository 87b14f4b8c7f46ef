import type { Disk } from '../../ledger/disk.ts'
import { listSegments, scan } from '../../ledger/segment/scan.ts'
import { keyEventOf } from '../../ledger/signer/key-event.ts'
import { type KeyEvent, type KeyLife, keyLives } from '../../ledger/signer/key-life.ts'

export interface KeysInside {
  readonly lives: readonly KeyLife[]
  /** False: something stands there that is no intact frame, so more may have been said about keys. */
  readonly whole: boolean
}

/** The keys a log itself names: proves only that the log agrees with itself. Reads all of it. */
export async function keysInside(disk: Disk): Promise<KeysInside> {
  const events: KeyEvent[] = []
  let whole = true
  for await (const found of scan(disk, await listSegments(disk))) {
    if (found.kind === 'bad') whole = false
    if (found.kind !== 'frame') continue
    const { first, records } = found.frame
    for (const [i, { entry }] of records.entries()) {
      const event = keyEventOf(first + i, entry)
      if (event !== undefined) events.push(event)
    }
  }
  return { lives: keyLives(events), whole }
}
