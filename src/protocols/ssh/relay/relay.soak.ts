/** `npm run soak -- relay`: played sessions as in `relay.test.ts`, a hundred times as many. */
import { describe } from 'vitest'
import { whateverHappens } from './played/whatever-happens.suite.ts'

const RUNS = Number(process.env['RUNS'] ?? 50_000)

describe(`${RUNS} sessions of each kind`, () => {
  whateverHappens(RUNS)
})
