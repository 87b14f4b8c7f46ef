import { BENCH_EXERCISES } from './bench.ts'
import { DRIVER_EXERCISES } from './drivers.ts'
import { DUMP_EXERCISES } from './dump.ts'
import type { Exercise } from './exercise.ts'
import { MIGRATION_EXERCISES } from './migrations.ts'
import { ODBC_EXERCISES } from './odbc.ts'
import { PSQL_EXERCISES } from './psql.ts'
import { SYSBENCH_EXERCISES } from './sysbench.ts'
import { TOOL_EXERCISES } from './tools.ts'

/** The client matrix, in its order in docs/CLIENTS.md. */
export const EXERCISES: readonly Exercise[] = [
  ...PSQL_EXERCISES,
  ...DUMP_EXERCISES,
  ...TOOL_EXERCISES,
  ...BENCH_EXERCISES,
  ...SYSBENCH_EXERCISES,
  ...MIGRATION_EXERCISES,
  ...DRIVER_EXERCISES,
  ...ODBC_EXERCISES,
]
