import { type Instant, remaining } from '../kernel/clock.ts'
import { Fault } from '../kernel/faults.ts'
import { formatDuration } from '../kernel/duration.ts'
import { type Factor, satisfies } from '../kernel/principal.ts'
import { refusePrograms } from './refuse-programs.ts'
import type { Token } from './tokens.ts'

/** Undefined when the token was given a factor at least that strong within the time; else the fault that asks for one. */
export function freshProof(
  token: Pick<Token, 'kind' | 'proofs'>,
  factor: Factor,
  withinMs: number,
  now: Instant,
): Fault | undefined {
  const program = refusePrograms(token.kind)
  if (program) return program
  const fresh = token.proofs.some(
    proof => satisfies(proof.factor, factor) && remaining(proof.at, withinMs, now) > 0,
  )
  if (fresh) return undefined
  return new Fault(
    'identity.step_up_required',
    `This takes a ${factor} of the last ${formatDuration(withinMs)}.`,
    {
      next: 'Step up with a passkey or a code, then do it again.',
      facts: { factor, within_ms: withinMs },
    },
  )
}
