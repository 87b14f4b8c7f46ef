import type { Action, Objection, Permit, SessionRules } from '../../../target/action.ts'
import { NOT_FORWARDED } from '../../../target/not-forwarded.ts'
import type { Guard } from '../../../target/protocol.ts'
import { because } from '../inspect/because.ts'
import type { Ends } from './channel.ts'

/** What everything in one session's relay shares. */
export interface RelayContext {
  readonly guard: Guard
  readonly ends: Ends
  /** The grant's login, which marks all that runs at the target. */
  readonly login: string
  /** What runs whatever the client asks for, where the procedure says so. */
  readonly forced: string | undefined
  readonly remote: string
  readonly target: { readonly name: string; readonly host: string; readonly port: number }
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Everything of this session is over; nothing is forwarded any more. */
  readonly ended: boolean
}

/**
 * Decides and records, then acts. Synchronous when nothing has to be waited for. What is permitted in the moment in which the session ends
 * is not done, and recorded so.
 */
export function submitThen(
  context: Pick<RelayContext, 'guard' | 'ended'>,
  action: Action,
  act: (permit: Permit) => void,
): void | Promise<void> {
  const { guard } = context
  const permit = guard.submit(action)
  const decided = (known: Permit): void => {
    if (!context.ended) act(known)
    else if (known.forward) guard.finish(known.seq, NOT_FORWARDED)
  }
  return permit instanceof Promise ? permit.then(decided) : decided(permit)
}

/** Words for a person who asked for something that is not part of their access: what was seen, who refuses it, the way out. */
export function refusalWords({ refusal }: Permit, rules: SessionRules): string {
  return refusal ? objectionWords(refusal, rules) : 'breakglass: not permitted.'
}

/** What is refused, who refuses, and the way out. */
export function objectionWords({ rule, what, next }: Objection, rules: SessionRules): string {
  const who = because(rule, rules)
  return [`breakglass: refused: ${what}.`, ...(who === undefined ? [] : [who]), next].join(' ')
}
