import type { PersonId } from '../kernel/ids.ts'
import { Fault } from '../kernel/faults.ts'
import { newId } from '../kernel/ids.ts'
import type { Decision } from '../journal/journal.ts'
import type { Slice, View } from '../journal/slice.ts'

/** What a lock closes. `everything` closes the whole organisation. */
export type LockOn =
  | { readonly kind: 'person'; readonly person: PersonId }
  | { readonly kind: 'target' | 'procedure'; readonly name: string }
  | { readonly kind: 'everything' }

export interface Lock {
  readonly id: string
  readonly on: LockOn
  readonly by: PersonId
  readonly at: number
  readonly entry: number
}

export const locks: Slice<Lock> = {
  name: 'locks',
  keys: event =>
    event.type === 'lock.set' || event.type === 'lock.lifted' ? [event.data.lock as string] : [],
  evolve: (_, event) =>
    event.type === 'lock.lifted'
      ? undefined
      : {
          id: event.data.lock as string,
          on: event.data.on as unknown as LockOn,
          by: event.subject as PersonId,
          at: event.t,
          entry: event.index,
        },
}

interface LockSubject {
  readonly person: PersonId
  readonly target: string
  readonly terms: { readonly procedure: string }
}

export function covers(on: LockOn, subject: LockSubject): boolean {
  switch (on.kind) {
    case 'everything':
      return true
    case 'person':
      return on.person === subject.person
    case 'target':
      return on.name === subject.target
    case 'procedure':
      return on.name === subject.terms.procedure
  }
}

/** The lock that closes this, if one does. A lock beats every grant and every approval. */
export function lockOn(state: View, subject: LockSubject): Lock | undefined {
  for (const lock of state.all(locks)) if (covers(lock.on, subject)) return lock
  return undefined
}

/** Sets a lock. Whoever may do so was checked before; the reason goes into the payload. */
export function setLock(on: LockOn, by: PersonId, reason: string): Decision<string> {
  const lock = newId('lock')
  return {
    events: [{ type: 'lock.set', subject: by, data: { lock, on: { ...on } }, payload: { reason }, seal: by }],
    result: lock,
  }
}

export function liftLock(state: View, id: string, by: PersonId): Decision<void> | Fault {
  if (!state.get(locks, id))
    return new Fault('not_found', `There is no lock ${id}.`, {
      next: 'List the locks with `breakglass status`.',
    })
  return { events: [{ type: 'lock.lifted', subject: by, data: { lock: id } }], result: undefined }
}
