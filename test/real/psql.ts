import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Credential, libpq } from './world.ts'

export interface Psql {
  readonly child: ChildProcess
  /** Everything printed so far, both streams. */
  output(): string
  /** Only what was asked for. */
  answer(): string
  send(sql: string): void
  /** Resolves with the exit code and the moment (performance.now). */
  readonly gone: Promise<{ code: number | null; at: number }>
  stop(): Promise<void>
}

/** A real psql; with `command` it runs that and exits, without it reads what `send` writes. */
export function psql(credential: Credential, command?: string, env: Record<string, string> = {}): Psql {
  const args = ['-X', '-v', 'ON_ERROR_STOP=1', '-qAt', ...(command === undefined ? [] : ['-c', command])]
  const child = spawn('psql', args, {
    env: { ...libpq(credential), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let text = ''
  let answer = ''
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-65_536)
  }
  child.stdout.on('data', keep)
  child.stdout.on('data', (chunk: Buffer) => {
    answer = (answer + chunk.toString()).slice(-65_536)
  })
  child.stderr.on('data', keep)
  child.stdin.on('error', () => undefined)
  const gone = once(child, 'close').then(([code]) => ({ code: code as number | null, at: performance.now() }))
  return {
    child,
    output: () => text,
    answer: () => answer,
    send: sql => void child.stdin.write(`${sql}\n`),
    gone,
    async stop() {
      child.stdin.end()
      const timer = setTimeout(() => child.kill('SIGKILL'), 2_000)
      await gone
      clearTimeout(timer)
    },
  }
}

/** Runs one command and answers with its output; throws when psql fails. */
export async function run(credential: Credential, sql: string): Promise<string> {
  const session = psql(credential, sql)
  session.child.stdin?.end()
  const { code } = await session.gone
  if (code !== 0) throw new Error(session.output())
  return session.answer().trim()
}
