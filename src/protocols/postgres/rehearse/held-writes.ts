/** One write that ran and is not yet decided. */
export interface HeldWrite {
  /** Number of the action that recorded its rehearsal. */
  readonly action: number
  /** `UPDATE public.orders`. */
  readonly what: string
  /** Undefined when they cannot be counted. */
  readonly rows: number | undefined
  /** What the person was shown. */
  readonly shown: string
}

/**
 * An open transaction with what was written in it so far, and how much of that stood before each savepoint. Values, never
 * changed: a step gives the next one.
 */
export interface HeldTransaction {
  /** Begun by us, as the client was in autocommit. */
  readonly ours: boolean
  readonly writes: readonly HeldWrite[]
  readonly savepoints: readonly { readonly name: string; readonly writes: number }[]
}

export function opened(ours: boolean): HeldTransaction {
  return { ours, writes: [], savepoints: [] }
}

export function wrote(held: HeldTransaction, write: HeldWrite): HeldTransaction {
  return { ...held, writes: [...held.writes, write] }
}

export function savepoint(held: HeldTransaction, name: string): HeldTransaction {
  return { ...held, savepoints: [...held.savepoints, { name, writes: held.writes.length }] }
}

/** RELEASE: the savepoint and those set after it are forgotten, what was written stays. */
export function released(held: HeldTransaction, name: string): HeldTransaction {
  const at = held.savepoints.findLastIndex(one => one.name === name)
  return at < 0 ? held : { ...held, savepoints: held.savepoints.slice(0, at) }
}

/** ROLLBACK TO: what was written after the savepoint is undone; the savepoint itself stays. */
export function rolledBackTo(
  held: HeldTransaction,
  name: string,
): { readonly held: HeldTransaction; readonly undone: readonly HeldWrite[] } {
  const at = held.savepoints.findLastIndex(one => one.name === name)
  const kept = held.savepoints[at]?.writes
  if (kept === undefined) return { held, undone: [] }
  return {
    held: { ...held, writes: held.writes.slice(0, kept), savepoints: held.savepoints.slice(0, at + 1) },
    undone: held.writes.slice(kept),
  }
}
