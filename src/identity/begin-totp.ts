import { Fault } from '../kernel/faults.ts'
import { type Admission, admit } from './admission.ts'
import type { IdentityContext } from './context.ts'
import { otpauthUri } from './totp.ts'

export interface ShownSeed {
  /** Base32, shown this once. */
  readonly secret: string
  readonly uri: string
}

/** Makes a TOTP seed and shows it. It counts for nothing until `registerTotp` has seen a code made with it. */
export function beginTotp(at: IdentityContext, by: Admission): ShownSeed {
  const now = at.journal.now()
  const admitted = admit(at.journal.state, by, now)
  if (admitted instanceof Fault) throw admitted
  const { id } = admitted.person
  const secret = at.seeds.begin(id, now)
  return { secret, uri: otpauthUri(secret, at.settings.organisation, at.directory.handleOf(id) ?? id) }
}
