import { join } from 'node:path'
import { expect } from 'vitest'
import type { Exercise } from './exercise.ts'
import type { Stand } from './stand.ts'

const PROJECT = join(import.meta.dirname, 'sqitch')
const SQITCH = { client: 'sqitch', needs: { sqitch: 'sqitch', psql: 'postgresql-client' } }
const URI = 'db:pg:orders'

const FEW = [
  ['deploy', '--verify'],
  ['revert', '-y'],
]
const ALL = [['deploy'], ['status'], ['verify'], ['log'], ['rebase', '-y'], ['revert', '-y']]

async function deployed(stand: Stand, commands: readonly (readonly string[])[]): Promise<void> {
  const said = await stand.same(async way => {
    const all = []
    for (const args of commands) {
      const { code, out, err } = await way.run('sqitch', [...args, URI], { cwd: PROJECT, env: { TZ: 'UTC' } })
      all.push({ code, out: out.replaceAll(/\d{4}-\d\d-\d\d[ T][\d:]+/g, '*'), err })
    }
    await way.psql(
      'set client_min_messages = error; drop schema sqitch cascade; drop schema if exists flow cascade;',
    )
    return all
  })
  expect(said.map(({ code, err }) => ({ code, err }))).toEqual(commands.map(() => ({ code: 0, err: '' })))
}

export const MIGRATION_EXERCISES: readonly Exercise[] = [
  {
    ...SQITCH,
    what: 'deploy --verify, status, verify, log, rebase, revert',
    test: [15],
    soak: [15, 18],
    result: 'equal',
    run: (stand, when) => deployed(stand, when === 'test' ? FEW : ALL),
  },
  {
    ...SQITCH,
    what: 'deploy under a scope without DDL',
    test: [],
    soak: [15],
    result: 'refused',
    async run(stand) {
      const { code, err } = await stand.repair.run('sqitch', ['deploy', URI], { cwd: PROJECT })
      expect(code).not.toBe(0)
      expect(err).toMatch(/breakglass: .*\(rule (ddl|do_blocks)\)\n.*HINT: /s)
    },
  },
]
