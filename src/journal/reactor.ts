import type { Instant } from '../kernel/clock.ts'
import type { Journal } from './journal.ts'
import type { View } from './slice.ts'

export interface ReactorOptions<I> {
  readonly name: string
  readonly journal: Journal
  /**
   * What the durable state still owes at this moment. The cursor of a reactor is the log itself: an item is settled when the
   * event its handler logged no longer lets it appear here. So nothing is lost by kill -9, and nothing is kept twice.
   */
  due(state: View, now: Instant): Iterable<I>
  /** Names an item; the same item is never handled twice at once. */
  key(item: I): string
  /** Must be idempotent. A throw means: again later. */
  handle(item: I): Promise<void>
  /** When the clock alone makes something due: wall ms of the next such moment, if any. */
  nextAt?(state: View, now: Instant): number | undefined
  /** Told about each failed attempt; the item is tried again. */
  onError(error: unknown, name: string, key: string): void
  /** How many items at most are handled at once. */
  readonly concurrency?: number
}

export interface Reactor {
  /** Looks now; resolves when nothing is due or in flight any more (for tests and for a clean stop). */
  settle(): Promise<void>
  stop(): void
}

const FIRST_RETRY_MS = 200
const LONGEST_RETRY_MS = 30_000
/** A wall clock that jumps is noticed within this time even when nothing is logged. */
const GLANCE_MS = 1_000

/** Runs `handle` for everything that is due: at once at start, after every event, and when time makes it so. */
export function startReactor<I>(options: ReactorOptions<I>): Reactor {
  const { journal, name } = options
  const inFlight = new Map<string, Promise<void>>()
  const failures = new Map<string, { count: number; notBefore: number }>()
  let stopped = false
  let planned = false
  let timer: NodeJS.Timeout | undefined

  const look = (): void => {
    planned = false
    if (stopped) return
    const now = journal.now()
    let soonest = now.mono + GLANCE_MS
    for (const item of options.due(journal.state, now)) {
      const key = options.key(item)
      if (inFlight.has(key)) continue
      const failed = failures.get(key)
      if (failed && failed.notBefore > now.mono) {
        soonest = Math.min(soonest, failed.notBefore)
        continue
      }
      if (inFlight.size >= (options.concurrency ?? 16)) break
      inFlight.set(key, run(item, key))
    }
    const next = options.nextAt?.(journal.state, now)
    if (next !== undefined) soonest = Math.min(soonest, now.mono + Math.max(0, next - now.wall))
    clearTimeout(timer)
    timer = setTimeout(look, Math.max(1, soonest - now.mono))
  }

  const run = async (item: I, key: string): Promise<void> => {
    try {
      await options.handle(item)
      failures.delete(key)
    } catch (error) {
      const count = (failures.get(key)?.count ?? 0) + 1
      const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (count - 1))
      failures.set(key, { count, notBefore: journal.now().mono + wait })
      options.onError(error, name, key)
    } finally {
      inFlight.delete(key)
      plan()
    }
  }

  const plan = (): void => {
    if (planned || stopped) return
    planned = true
    setImmediate(look)
  }

  const unsubscribe = journal.subscribe(plan)
  plan()

  return {
    async settle() {
      for (;;) {
        look()
        if (inFlight.size === 0) return
        await Promise.all(inFlight.values())
      }
    },
    stop() {
      stopped = true
      clearTimeout(timer)
      unsubscribe()
    },
  }
}
