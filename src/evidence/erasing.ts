import type { VerifiedPrincipal } from '../identity/verified-principal.ts'
import type { Journal } from '../journal/journal.ts'
import type { Reactor } from '../journal/reactor.ts'
import { Fault } from '../kernel/faults.ts'
import type { KeyRing } from '../ledger/log.ts'
import type { SessionLog } from '../recording/session-log.ts'
import { erase, type ErasedThing, type SessionFact } from './erase.ts'

/** Milliseconds within which the second factor must have been shown. */
const FACTOR_WITHIN_MS = 120_000

export interface ErasingPorts {
  readonly journal: Journal
  readonly sessions: SessionLog
  readonly keys: KeyRing
  readonly retentionMs: number
  /** Destroys what is owed. */
  readonly finish: Pick<Reactor, 'settle'>
}

/**
 * Decide, record, destroy. Resolves when nothing opens what was sealed any more. Faults: those of `erase`; `unavailable` when it is
 * recorded and the vault could not be written: it is tried again until it can.
 */
export async function eraseEvidence(
  { journal, sessions, keys, retentionMs, finish }: ErasingPorts,
  by: VerifiedPrincipal,
  of: ErasedThing,
  reason: string,
): Promise<void> {
  const { result: key } = await journal.execute((state, now) => {
    const factorProven = by.strongestWithin('totp', FACTOR_WITHIN_MS, now) !== undefined
    const wish = { of, by: by.person, reason, factorProven, retentionMs }
    return erase(state, now.wall, wish, factsOf(sessions, of))
  })
  await finish.settle()
  if (keys.find(key) === undefined) return
  throw new Fault('unavailable', 'The erasure is recorded; the key could not be destroyed yet.', {
    next: 'See what is wrong with the disk of the vault; it is tried again by itself.',
  })
}

function factsOf({ index }: SessionLog, of: ErasedThing): readonly SessionFact[] {
  if (of.kind === 'person') return [...index.all()].filter(({ person }) => person === of.person)
  const session = index.get(of.session)
  return session ? [session] : []
}
