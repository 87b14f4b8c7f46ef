import type { Journal } from '../journal/journal.ts'
import type { Slice } from '../journal/slice.ts'
import type { Log } from '../ledger/log.ts'

interface Anchor {
  readonly log: string
  readonly size: number
  readonly root: string
}

/** The last head of each session log that the control log holds. */
export const anchors: Slice<Anchor> = {
  name: 'anchors',
  keys: event => (event.type === 'log.anchored' ? [event.data.log as string] : []),
  evolve: (_, { data }) => ({
    log: data.log as string,
    size: data.size as number,
    root: data.root as string,
  }),
}

const EVERY_MS = 10_000

/**
 * Writes the signed head of the session log into the control log whenever it has grown: who holds the control log's head also
 * holds, through it, every action up to the last anchor.
 */
export function anchorSessions(
  journal: Journal,
  log: Log,
  onError: (error: unknown) => void,
): { now(): Promise<void>; stop(): void } {
  const anchor = async (): Promise<void> => {
    const { size, root } = log.head()
    if (size === 0 || journal.state.get(anchors, log.name)?.size === size) return
    const data = { log: log.name, origin: log.origin, size, root: root.toString('hex') }
    await journal.execute(state =>
      state.get(anchors, log.name)?.size === size
        ? { events: [], result: undefined }
        : { events: [{ type: 'log.anchored', data }], result: undefined },
    )
  }
  const timer = setInterval(() => void anchor().catch(onError), EVERY_MS)
  timer.unref()
  return { now: anchor, stop: () => clearInterval(timer) }
}
