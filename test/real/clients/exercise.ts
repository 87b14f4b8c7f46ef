import { existsSync } from 'node:fs'
import { whereIs } from '../servers/missing.ts'
import type { Stand } from './stand.ts'

/** Something a client does through a grant: one line of the matrix in docs/CLIENTS.md, and the test that holds it true. */
export interface Exercise {
  readonly client: string
  /** Continues "the client …" in few words. */
  readonly what: string
  /** Programs, or absolute paths of files, without which it is skipped, and the Debian package of each. */
  readonly needs: Readonly<Record<string, string>>
  /** The servers it runs against in `npm test`. */
  readonly test: readonly (15 | 18)[]
  /** And in `npm run soak -- clients`, with more rows, statements or bytes where that makes sense. */
  readonly soak: readonly (15 | 18)[]
  /** `equal`: everything the client prints equals a direct run. `refused`: by a rule, in words the client shows. */
  readonly result: 'equal' | 'refused' | 'works'
  run(stand: Stand, when: 'test' | 'soak'): Promise<void>
}

/** What of an exercise's needs is not here, as sentences that say how to get it. */
export function absent(exercise: Pick<Exercise, 'needs'>): readonly string[] {
  return Object.entries(exercise.needs)
    .filter(([what]) => (what.startsWith('/') ? !existsSync(what) : whereIs(what) === undefined))
    .map(([what, from]) => `${what}: apt-get install ${from}`)
}
