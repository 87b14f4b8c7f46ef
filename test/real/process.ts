import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { PATIENCE_MS } from '../support/wait.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'main.js')

export interface ServerProcess {
  readonly child: ChildProcess
  output(): string
  /** kill -9, or another signal; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

export interface ProcessOptions {
  readonly env?: Record<string, string>
  /** Put before node: `strace …`. */
  readonly before?: readonly string[]
}

/** `breakglass start` on a folder, as an operator runs it; resolves when the API answers that all is well. */
export async function startProcess(
  folder: string,
  url: string,
  options: ProcessOptions = {},
): Promise<ServerProcess> {
  const line = [...(options.before ?? []), process.execPath, MAIN, 'start', folder]
  const child = spawn(line[0] ?? process.execPath, line.slice(1), {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-200_000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const gone = once(child, 'exit')
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const well = await fetch(`${url}/v1/health`).then(
      response => response.ok,
      () => false,
    )
    if (well) break
    if (child.exitCode !== null || performance.now() > end) {
      child.kill('SIGKILL')
      throw new Error(`breakglass start did not come up:\n${text}`)
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return {
    child,
    output: () => text,
    async kill(signal = 'SIGKILL') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await gone
    },
  }
}
