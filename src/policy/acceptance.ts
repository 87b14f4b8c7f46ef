import type { Slice } from '../journal/slice.ts'
import type { PersonId } from '../kernel/ids.ts'

/**
 * Which set of procedures counts: one that k of the owners fixed at the founding have accepted by digest. One set is
 * on offer at a time, the one that lies in the folder; acceptances belong to that offer and lapse with it, so that an old
 * yes never helps to bring a set back.
 */
export interface Acceptance {
  readonly owners: readonly PersonId[]
  /** How many owners must accept. Infinity when the founding event does not say a number that works. */
  readonly needed: number
  /** Digest of the set in force; absent until the first is accepted. */
  readonly inForce?: string
  readonly offer?: { readonly digest: string; readonly acceptedBy: readonly PersonId[] }
}

/** The only key of the slice. */
export const ACCEPTANCE = 'acceptance'

/**
 * Folds `organisation.created` {owners, owners_needed}, `procedures.loaded` {digest, by?}, `procedures.accepted` {digest, by} and
 * `procedures.in_force` {digest}. Counts the acceptances itself: an event that claims more than they give changes nothing.
 */
export const procedureSets: Slice<Acceptance> = {
  name: 'procedure-sets',
  keys: ({ type }) => (type === 'organisation.created' || type.startsWith('procedures.') ? [ACCEPTANCE] : []),
  evolve(known, { type, data }) {
    if (type === 'organisation.created') return known ?? founded(data.owners, data.owners_needed)
    if (known === undefined || typeof data.digest !== 'string') return known
    const { offer, ...rest } = known
    const { digest } = data
    if (type === 'procedures.loaded') {
      if (digest === known.inForce) return rest
      return digest === offer?.digest ? known : { ...rest, offer: { digest, acceptedBy: [] } }
    }
    if (offer?.digest !== digest) return known
    if (type === 'procedures.accepted') {
      const by = known.owners.find(owner => owner === data.by)
      if (by === undefined || offer.acceptedBy.includes(by)) return known
      return { ...rest, offer: { digest, acceptedBy: [...offer.acceptedBy, by] } }
    }
    if (type === 'procedures.in_force' && offer.acceptedBy.length >= known.needed)
      return { ...rest, inForce: digest }
    return known
  },
}

function founded(owners: unknown, needed: unknown): Acceptance {
  const people = Array.isArray(owners) ? [...new Set(owners as PersonId[])] : []
  const works = typeof needed === 'number' && Number.isInteger(needed) && needed >= 1
  return { owners: people, needed: works ? needed : Number.POSITIVE_INFINITY }
}
