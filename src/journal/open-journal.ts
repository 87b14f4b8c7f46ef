import type { Clock, Instant } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import type { JsonValue } from '../kernel/json.ts'
import type { Draft, Entry, KeyRing, Log, Pending, SealKey } from '../ledger/log.ts'
import { Fold } from './fold.ts'
import type { Decision, Executed, Journal } from './journal.ts'
import type { JournalEvent, NewEvent, Slice } from './slice.ts'
import { Speculation } from './speculation.ts'

export interface JournalKeys extends KeyRing {
  /** Creates the key on first use, durable before it resolves. */
  obtain(name: string): Promise<SealKey>
}

export interface JournalOptions {
  /** The control log; from now on the journal is its only writer. */
  readonly log: Log
  readonly keys: JournalKeys
  readonly clock: Clock
  readonly slices: readonly Slice<unknown>[]
}

/** Folds the whole control log, then takes commands. Resolves when every durable event has been folded. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { log, keys, clock } = options
  const fold = new Fold(options.slices)
  let last = 0
  let expected = 0
  for await (const entry of log.entries(0)) {
    fold.apply(eventOf(entry))
    last = entry.t
    expected = entry.index + 1
  }
  const speculation = new Speculation(fold)
  const listeners = new Set<(event: JournalEvent) => void>()
  let writing: Promise<unknown> = Promise.resolve()
  let publishing: Promise<unknown> = Promise.resolve()

  const now = (): Instant => {
    const instant = clock.now()
    return instant.wall >= last ? instant : { ...instant, wall: last }
  }

  const place = async <R>(
    decide: (state: Speculation, now: Instant) => Decision<R> | Fault,
    reserve: boolean,
  ): Promise<{ result: R; pending: Pending | undefined }> => {
    for (;;) {
      const decision = decide(speculation, now())
      if (decision instanceof Fault) throw decision
      if (decision.events.length === 0) return { result: decision.result, pending: undefined }
      const sealKeys = await keysFor(decision.events, keys)
      // Only this function moves the log on; a shorter log means that a write failed since the decision was made and
      // that the speculation it was made on is about to be taken back: decide again on what is true then.
      if (log.length !== expected) {
        await publishing.catch(() => undefined)
        expected = log.length
        speculation.dropFrom(expected)
        continue
      }
      const pending = log.append(
        decision.events.map(event => draftOf(event, sealKeys)),
        { reserve },
      )
      expected = log.length
      const events = pending.entries.map(eventOf)
      last = events.at(-1)?.t ?? last
      speculation.assume(events)
      return { result: decision.result, pending }
    }
  }

  const publish = async (pending: Pending): Promise<Pick<Executed<unknown>, 'events' | 'receipts'>> => {
    const receipts = await pending.signed().catch((error: unknown) => {
      speculation.dropFrom(pending.first)
      expected = Math.min(expected, log.length)
      throw error
    })
    const events = pending.entries.map(eventOf)
    for (const event of events) {
      fold.apply(event)
      speculation.settled(event.index)
      for (const listener of listeners) listener(event)
    }
    return { events, receipts }
  }

  return {
    state: fold,
    now,
    lastLogged: () => last,
    async execute(decide, { reserve = false } = {}) {
      const placed = writing.then(() => place(decide, reserve))
      writing = placed.catch(() => undefined)
      const { result, pending } = await placed
      if (!pending) return { result, events: [], receipts: [] }
      const published = publishing.catch(() => undefined).then(() => publish(pending))
      publishing = published.catch(() => undefined)
      return { result, ...(await published) }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    payload: (index): Promise<JsonValue | undefined> => log.payload(index, keys),
  }
}

async function keysFor(events: readonly NewEvent[], keys: JournalKeys): Promise<Map<string, SealKey>> {
  const found = new Map<string, SealKey>()
  for (const { type, payload, seal } of events) {
    if (payload === undefined) continue
    if (seal === undefined) throw new Error(`event ${type} has a payload and names nobody whose key seals it`)
    const name = sealName(seal)
    if (!found.has(name)) found.set(name, keys.find(name) ?? (await keys.obtain(name)))
  }
  return found
}

/** Sessions have keys of their own; whatever else owns a payload (a person, an incident) is a subject. */
function sealName(owner: string): string {
  return owner.startsWith('s_') ? `session/${owner}` : `subject/${owner}`
}

function draftOf(event: NewEvent, sealKeys: ReadonlyMap<string, SealKey>): Draft {
  const { seal, payload, ...rest } = event
  if (payload === undefined || seal === undefined) return { ...rest, src: 'control' }
  const key = sealKeys.get(sealName(seal))
  if (!key) throw new Error(`no key for ${seal}`)
  return { ...rest, src: 'control', payload, seal: key }
}

function eventOf(entry: Entry): JournalEvent {
  const { index, id, t, mono, boot, type, subject, target, outcome, data } = entry
  return {
    index,
    id,
    t,
    mono,
    boot,
    type,
    data,
    ...(subject !== undefined && { subject }),
    ...(target !== undefined && { target }),
    ...(outcome !== undefined && { outcome }),
  }
}
