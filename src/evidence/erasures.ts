import type { Slice } from '../journal/slice.ts'

/** Something whose content was erased: what was sealed under the key until then. */
export interface Erasure {
  /** `session/s_…` or `subject/p_…`, as it stands beside what it sealed. */
  readonly key: string
  /** How often; what is sealed later has another key, which a later erasure destroys. */
  readonly times: number
  /** Of the last one, wall ms. */
  readonly at: number
}

/** By the name of the key. What the log says is erased is destroyed, at this start or the next. */
export const erasures: Slice<Erasure> = {
  name: 'erasures',
  keys: event => (event.type === 'evidence.erased' ? [event.data.key as string] : []),
  evolve: (before, { t, data }) => ({
    key: data.key as string,
    times: (before?.times ?? 0) + 1,
    at: t,
  }),
}
