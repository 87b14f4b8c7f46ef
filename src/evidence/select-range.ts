import type { Log } from '../ledger/log.ts'
import type { SelectedPart, Selection } from './selection.ts'

/**
 * Every entry of both logs from `from` up to, not including, `to` (wall ms), and the one before and after: log time never goes
 * back, so these two show that nothing within is left out.
 */
export async function selectRange(
  { from, to }: { readonly from: number; readonly to: number },
  control: Log,
  sessions: Log,
): Promise<Selection> {
  const part = async (folder: SelectedPart['folder'], log: Log): Promise<SelectedPart> => {
    const { size } = log.head()
    const first = await firstFrom(log, from, size)
    const after = await firstFrom(log, to, size)
    return {
      folder,
      log,
      until: Math.min(size, after + 1),
      entries: signed => log.entries(Math.max(0, first - 1), Math.min(signed, after + 1)),
      opens: ({ t }) => t >= from && t < to,
    }
  }
  return {
    subject: { kind: 'range', from, to },
    parts: [await part('control', control), await part('sessions', sessions)],
    procedures: [],
  }
}

/** Index of the first of `size` entries that is not older than `t`; `size` when there is none. */
async function firstFrom(log: Log, t: number, size: number): Promise<number> {
  let low = 0
  let high = size
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((await log.read(middle)).t < t) low = middle + 1
    else high = middle
  }
  return low
}
