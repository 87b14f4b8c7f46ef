import { Fault } from '../kernel/faults.ts'
import { newId } from '../kernel/ids.ts'
import type { Factor } from '../kernel/principal.ts'
import { type Admission, type Admitted, admit } from './admission.ts'
import type { IdentityContext } from './context.ts'
import { type FactorId, identityEvent, type IdentityFacts } from './events.ts'
import { encodeFactor, factorRecord, type FactorSecrets } from './factor-record.ts'
import { passkeys } from './passkeys.ts'

export interface NewFactor<K extends Factor = Factor> {
  readonly kind: K
  readonly secret: FactorSecrets[K]
  /** What the confirmation used up: the TOTP step, the passkey's counter; never accepted again. */
  readonly step?: number
  readonly counter?: number
  /** `credentialKey` of a passkey. */
  readonly credential?: string
}

const FACTORS_MOST = 12

/**
 * Registers factors in one frame: records into the vault, then one decision that uses the admission up. Of passwords and
 * TOTP seeds a person has one, so the older goes; passkeys add up. What came in through a link ends all tokens the
 * replaced factor gave; what a signed-in person replaces ends all others of theirs.
 */
export async function addFactors(
  at: IdentityContext,
  by: Admission,
  expected: Admitted,
  added: readonly NewFactor[],
): Promise<readonly FactorId[]> {
  const made = added.map(factor => {
    const id = newId('factor')
    return { ...factor, id, ...encodeFactor(factor.kind, expected.person.id, factor.secret) }
  })
  for (const { id, bytes } of made) await at.secrets.put(factorRecord(id), bytes)
  try {
    const { result: replaced } = await at.journal.execute((state, now) => {
      const admitted = admit(state, by, now)
      if (admitted instanceof Fault) return admitted
      const { person } = admitted
      const taken = made.find(({ credential }) => credential !== undefined && state.get(passkeys, credential))
      if (taken) {
        return new Fault('conflict', 'This passkey is registered already.', {
          next: 'Sign in with it, or use another one.',
        })
      }
      const kinds = new Set<Factor>(made.map(({ kind }) => kind).filter(kind => kind !== 'passkey'))
      const old = person.factors.filter(held => kinds.has(held.kind))
      if (person.factors.length - old.length + made.length > FACTORS_MOST) {
        return new Fault('conflict', `A person has at most ${FACTORS_MOST} factors.`, {
          next: 'Remove one first.',
        })
      }
      const ends = person.tokens.filter(token => !admitted.keeps.includes(token))
      const removed = old.map((held, n) =>
        identityEvent('factor.removed', {
          person: person.id,
          factor: held.id,
          kind: held.kind,
          ends: n === 0 ? ends : [],
          by: person.id,
        }),
      )
      const events = made.map(factor => identityEvent('factor.added', addedFact(person.id, factor)))
      return { events: [...admitted.uses, ...removed, ...events], result: old.map(held => held.id) }
    })
    for (const id of replaced) await at.secrets.destroy(factorRecord(id))
  } catch (error) {
    // Only what certainly has no event is taken away here; after any other failure the next start sweeps.
    if (error instanceof Fault && !error.code.startsWith('ledger.')) {
      for (const { id } of made) await at.secrets.destroy(factorRecord(id))
    }
    throw error
  }
  return made.map(({ id }) => id)
}

function addedFact(
  person: Admitted['person']['id'],
  factor: NewFactor & { readonly id: FactorId; readonly digest: string },
): IdentityFacts['factor.added'] {
  const { id, kind, digest, credential, step, counter } = factor
  return {
    person,
    factor: { id, kind, digest, ...(credential === undefined ? {} : { credential }) },
    ...(step === undefined ? {} : { step }),
    ...(counter === undefined ? {} : { counter }),
  }
}
