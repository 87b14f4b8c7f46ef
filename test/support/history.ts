import { newId } from '../../src/kernel/ids.ts'
import { Fold } from '../../src/journal/fold.ts'
import type { JournalEvent, NewEvent, Slice } from '../../src/journal/slice.ts'

/** A control log in memory, for tests of pure decisions: events are folded the moment they are added. */
export class History {
  readonly fold: Fold
  readonly events: JournalEvent[] = []
  now = Date.UTC(2026, 10, 19, 1, 14, 6)

  constructor(slices: readonly Slice<unknown>[]) {
    this.fold = new Fold(slices)
  }

  add(...added: readonly NewEvent[]): readonly JournalEvent[] {
    return added.map(({ type, subject, target, outcome, data }) => {
      const event: JournalEvent = {
        index: this.events.length,
        id: newId('event'),
        t: this.now,
        mono: this.now - 1_000_000,
        boot: 'one',
        type,
        // What a log gives back has gone through JSON.
        data: JSON.parse(JSON.stringify(data)) as JournalEvent['data'],
        ...(subject !== undefined && { subject }),
        ...(target !== undefined && { target }),
        ...(outcome !== undefined && { outcome }),
      }
      this.events.push(event)
      this.fold.apply(event)
      return event
    })
  }
}
