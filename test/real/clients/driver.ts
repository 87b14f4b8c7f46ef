import { execFileSync } from 'node:child_process'
import { expect } from 'vitest'
import type { Exercise } from './exercise.ts'
import type { Said, Stand, Way } from './stand.ts'

/** A driver in its language: a program beside this file that prints all it sees. */
export interface Driver {
  readonly client: string
  readonly needs: Readonly<Record<string, string>>
  /** What the program does, for the matrix. */
  readonly does: string
  /** The command before the program's arguments; asked once a stand, in whose folder it may compile. */
  command(folder: string): readonly string[]
  /** Further arguments of a run in `npm test` and of a long one. */
  readonly short?: readonly string[]
  readonly long?: readonly string[]
  /** The servers it runs against in `npm test`; 15 unless told. */
  readonly test?: readonly (15 | 18)[]
  /** Without a part that shows refusals. */
  readonly refusals?: false
}

/** Bytes of the largest value, and how many statements where many are wanted. */
const SHORT = ['4000000', '7']
const LONG = ['64000000', '1000']

/** Two lines of the matrix: the same output on both ways, and what a refusal looks like. */
export function driverExercises(driver: Driver): readonly Exercise[] {
  const { client, needs } = driver
  const commands = new WeakMap<Stand, readonly string[]>()
  const on = (stand: Stand, way: Way, args: readonly string[]): Promise<Said> => {
    const command = commands.get(stand) ?? driver.command(stand.folder)
    commands.set(stand, command)
    const [program = '', ...rest] = command
    return way.run(program, [...rest, ...args], { timeout: 1_200_000 })
  }
  const equal = async (stand: Stand, args: readonly string[]): Promise<void> => {
    // What goes to stderr may depend on the moment, such as a warning about a connection that is being closed.
    const said = await stand.same(async way => {
      const { code, out, err } = await on(stand, way, args)
      return code === 0 ? { code, out } : { code, out, err }
    })
    expect(said).toMatchObject({ code: 0 })
    expect(said.out.length).toBeGreaterThan(100)
  }
  const test = driver.test ?? [15]
  const same: Exercise = {
    client,
    needs,
    what: driver.does,
    test,
    soak: [15, 18],
    result: 'equal',
    run: (stand, when) =>
      equal(
        stand,
        when === 'test'
          ? [...SHORT, ...(driver.short ?? [])]
          : [...LONG, ...(driver.long ?? driver.short ?? [])],
      ),
  }
  const refused: Exercise = {
    client,
    needs,
    what: 'shows a refusal as 42501 with the way out, and goes on',
    test: test.length > 0 ? [15] : [],
    soak: test.length > 0 ? [18] : [15, 18],
    result: 'refused',
    async run(stand) {
      const { code, out, err } = await on(stand, stand.repair, ['refused'])
      expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
      expect(out).toMatch(/42501.*breakglass: drop table \(rule ddl\)/)
      expect(out).toContain('Ask for a scope that permits schema changes')
      expect(out).toMatch(/rule write_without_where|"rejected" "42501"/)
      // The connection lived on, and nothing was deleted.
      expect(out).toMatch(/\b(5000|100)\b/)
    },
  }
  return driver.refusals === false ? [same] : [same, refused]
}

export function compile(command: string, args: readonly string[], env: Record<string, string> = {}): void {
  execFileSync(command, [...args], { env: { ...process.env, ...env }, stdio: 'pipe' })
}
