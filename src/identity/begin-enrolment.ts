import { Fault } from '../kernel/faults.ts'
import { admit } from './admission.ts'
import type { IdentityContext } from './context.ts'

export interface OpenedEnrolment {
  readonly handle: string
  readonly name: string
  readonly organisation: string
}

/** Whom a link is for, told to whoever holds it. Changes nothing. Fault `identity.unauthenticated` for a dead link. */
export function beginEnrolment(at: IdentityContext, enrolment: string): OpenedEnrolment {
  const admitted = admit(at.journal.state, { enrolment }, at.journal.now())
  if (admitted instanceof Fault) throw admitted
  const { id } = admitted.person
  return {
    handle: at.directory.handleOf(id) ?? id,
    name: at.directory.nameOf(id) ?? id,
    organisation: at.settings.organisation,
  }
}
