import type { Journal } from '../journal/journal.ts'
import { type Reactor, type ReactorOptions, startReactor } from '../journal/reactor.ts'
import { type Erasure, erasures } from './erasures.ts'

export interface Destruction {
  /** Every key of that name up to the given number of erasures. Idempotent; durable when it resolves. */
  destroy(key: string, times: number): Promise<void>
}

/**
 * Destroys what the log says is erased: at once, and once more at every start, so that neither a crash between the event and the
 * destruction nor a vault restored from a backup brings anything back.
 */
export function finishErasures(
  journal: Journal,
  destruction: Destruction,
  onError: ReactorOptions<Erasure>['onError'],
): Reactor {
  const done = new Map<string, number>()
  return startReactor({
    name: 'erasures',
    journal,
    *due(state) {
      for (const erasure of state.all(erasures))
        if ((done.get(erasure.key) ?? 0) < erasure.times) yield erasure
    },
    key: ({ key, times }) => `${key} ${times}`,
    onError,
    async handle({ key, times }) {
      await destruction.destroy(key, times)
      done.set(key, times)
    },
  })
}
