import { afterAll, beforeAll, describe, it } from 'vitest'
import { missing } from '../servers/missing.ts'
import { EXERCISES } from './all.ts'
import { absent } from './exercise.ts'
import { openStand, type Stand } from './stand.ts'

/** Declares the exercises of one server as tests; what is not on this machine is skipped with the way to get it in its name. */
export function exercises(
  version: 15 | 18,
  when: 'test' | 'soak',
  more?: (stand: () => Stand) => void,
): void {
  const chosen = EXERCISES.filter(exercise => exercise[when].includes(version))
  const lacking = missing(version === 15 ? 'postgres15' : 'postgres18', 'psql')
  describe.skipIf(lacking.length > 0)(`clients on PostgreSQL ${version} ${lacking.join('; ')}`, () => {
    let stand: Stand
    beforeAll(async () => {
      stand = await openStand(version)
    }, 120_000)
    afterAll(() => stand?.close())

    for (const exercise of chosen) {
      const lacks = absent(exercise)
      it.skipIf(lacks.length > 0)(
        `${exercise.client}: ${[exercise.what, ...lacks].join(': ')}`,
        () => exercise.run(stand, when),
        when === 'test' ? 120_000 : 3_600_000,
      )
    }
    more?.(() => stand)
  })
}
