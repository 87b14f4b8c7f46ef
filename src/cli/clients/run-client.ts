import { spawn } from 'node:child_process'
import { Fault } from '../../kernel/faults.ts'
import type { Invocation } from './native-client.ts'

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGPIPE: 13,
  SIGTERM: 15,
}

/** Runs it in this terminal and resolves with its code, or 128 and the signal that ended it. Fault `unavailable`. */
export function runClient({ program, args, env, install, done }: Invocation): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env })
    // Ctrl-C belongs to the client: psql cancels its query with it, ssh passes it on. The terminal has sent it to both of us.
    const ignore = (): void => undefined
    const pass = (signal: NodeJS.Signals): void => void child.kill(signal)
    process.on('SIGINT', ignore).on('SIGTERM', pass).on('SIGHUP', pass)
    const over = (): void => void process.off('SIGINT', ignore).off('SIGTERM', pass).off('SIGHUP', pass)
    child.once('error', cause => {
      over()
      const { code } = cause as NodeJS.ErrnoException
      reject(new Fault('unavailable', `${program} cannot be started (${code}).`, { next: install, cause }))
    })
    child.once('exit', (code, signal) => {
      over()
      resolve(code ?? (signal === null ? 1 : 128 + (SIGNALS[signal] ?? 0)))
    })
  }).finally(done)
}
