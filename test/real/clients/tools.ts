import { expect } from 'vitest'
import type { Exercise } from './exercise.ts'
import type { Said } from './stand.ts'

const from = (...programs: readonly string[]): Record<string, string> =>
  Object.fromEntries(programs.map(program => [program, 'postgresql-client']))

/** Parallel jobs tell in any order. */
const sorted = ({ code, out, err }: Said): Said => ({
  code,
  out: out.split('\n').toSorted().join('\n'),
  err: err.split('\n').toSorted().join('\n'),
})

const OTHER_DATABASE = /this login is for the database "orders" only\n.*HINT: .*dbname=orders/s

export const TOOL_EXERCISES: readonly Exercise[] = [
  {
    client: 'vacuumdb, reindexdb, clusterdb, vacuumlo',
    what: 'one table, all with -j 2, --concurrently; vacuumlo -n',
    needs: from('vacuumdb', 'reindexdb', 'clusterdb'),
    test: [15],
    soak: [18],
    result: 'equal',
    async run(stand) {
      const said = await stand.same(async way => [
        await way.run('vacuumdb', ['-z', '-t', 'public.orders', 'orders']),
        sorted(await way.run('vacuumdb', ['-j', '2', '-q', 'orders'])),
        await way.run('reindexdb', ['-t', 'public.orders', '--concurrently', 'orders']),
        await way.run('clusterdb', ['-t', 'public.orders', 'orders']),
      ])
      expect(said.map(({ code }) => code)).toEqual([0, 0, 0, 1])
    },
  },
  {
    client: 'pg_isready',
    what: 'asks without a login',
    needs: from('pg_isready'),
    test: [15],
    soak: [18],
    result: 'works',
    async run(stand) {
      const { code, out } = await stand.gateway.run('pg_isready', [])
      expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('accepting connections') })
    },
  },
  {
    client: 'pg_dumpall',
    what: '-l orders --roles-only --no-role-passwords prints the roles; without -l or with passwords it is told why not',
    needs: from('pg_dumpall'),
    test: [15],
    soak: [],
    result: 'refused',
    async run(stand) {
      const plain = await stand.gateway.run('pg_dumpall', ['--roles-only'])
      expect(plain.err).toMatch(OTHER_DATABASE)
      const args = ['-l', 'orders', '--roles-only']
      const secret = await stand.same(async way => (await way.run('pg_dumpall', args)).err)
      expect(secret).toContain('permission denied for table pg_authid')
      const roles = await stand.same(async way => {
        const { code, out, err } = await way.run('pg_dumpall', [...args, '--no-role-passwords'])
        return { code, out: out.replaceAll(/^\\(un)?restrict .*$/gm, ''), err }
      })
      expect(roles).toMatchObject({ code: 0, out: expect.stringContaining('CREATE ROLE orders_owner') })
    },
  },
  {
    client: 'pg_basebackup, pg_receivewal',
    what: 'replication connections',
    needs: from('pg_basebackup'),
    test: [15],
    soak: [18],
    result: 'refused',
    async run(stand) {
      const words = /replication connections are not part of emergency access\n.*HINT: /s
      const backup = await stand.gateway.run('pg_basebackup', ['-D', 'backup', '-X', 'none'])
      expect(backup.code).toBe(1)
      expect(backup.err).toMatch(words)
      const logical = await stand.gateway.psql('IDENTIFY_SYSTEM', [
        '-d',
        'dbname=orders replication=database',
      ])
      expect(logical.err).toMatch(words)
    },
  },
  {
    client: 'createuser, createdb, dropdb',
    what: 'roles and other databases',
    needs: from('createuser', 'createdb', 'dropdb'),
    test: [15],
    soak: [18],
    result: 'refused',
    async run(stand) {
      for (const [tool, ...args] of [
        ['createuser', 'x'],
        ['createdb', 'x'],
        ['dropdb', 'x'],
      ] as const) {
        const { code, err } = await stand.gateway.run(tool, args)
        expect(code).toBe(1)
        expect(err).toMatch(OTHER_DATABASE)
      }
    },
  },
]
