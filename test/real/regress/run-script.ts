import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Stage } from './scripts.ts'

/** Where psql connects, as libpq reads it from the environment. */
export type Connection = Readonly<Record<string, string>>

/** As pg_regress starts psql (psql_start_test, initialize_environment): the flags and the environment. */
const FLAGS = ['-X', '-a', '-q', '-v', 'HIDE_TABLEAM=on', '-v', 'HIDE_TOAST_COMPRESSION=on']

/** Runs one script; answers with all that psql printed, both streams in the order in which they came. */
export async function runScript(stage: Stage, script: string, connection: Connection): Promise<string> {
  const output = join(stage.path, 'results', `${script}.out`)
  const [input, printed] = [openSync(join(stage.path, 'sql', `${script}.sql`), 'r'), openSync(output, 'w')]
  try {
    const child = spawn('psql', FLAGS, {
      cwd: stage.path,
      stdio: [input, printed, printed],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: '/nonexistent',
        LC_ALL: 'C',
        PGAPPNAME: `pg_regress/${script}`,
        PGTZ: 'America/Los_Angeles',
        PGDATESTYLE: 'Postgres, MDY',
        PGOPTIONS: '-c intervalstyle=postgres_verbose',
        PG_ABS_SRCDIR: stage.path,
        PG_ABS_BUILDDIR: stage.path,
        PG_LIBDIR: stage.library,
        PG_DLSUFFIX: '.so',
        ...connection,
      },
    })
    await once(child, 'close')
  } finally {
    closeSync(input)
    closeSync(printed)
  }
  return readFileSync(output, 'utf8')
}
