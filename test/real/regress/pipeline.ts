import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Connection } from './run-script.ts'
import type { Source } from './source.ts'

const execute = promisify(execFile)
/** As its own test driver has it (t/001_libpq_pipeline.pl). */
const ROWS = '700'

export async function pipelineTests({ pipeline }: Source): Promise<readonly string[]> {
  const { stdout } = await execute(pipeline, ['tests'])
  return stdout.trim().split('\n')
}

/** Output and exit code of one test of libpq_pipeline, for comparison. */
export async function runPipeline(source: Source, test: string, connection: Connection): Promise<string> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', LC_ALL: 'C', ...connection }
  try {
    const { stdout, stderr } = await execute(source.pipeline, ['-r', ROWS, test, ''], {
      env,
      timeout: 120_000,
    })
    return `${stdout}${stderr}exit 0`
  } catch (cause) {
    const { stdout, stderr, code } = cause as { stdout: string; stderr: string; code: number }
    return `${stdout}${stderr}exit ${code}`
  }
}
