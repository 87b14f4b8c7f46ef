import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PATIENCE_MS } from '../../support/wait.ts'

/** The account that servers run as which refuse root; undefined when we are nobody special, or there is no such account. */
export const serverUser: { readonly uid: number; readonly gid: number } | undefined = accountOf('postgres')

function accountOf(name: string): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  try {
    const ask = (flag: string) =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }))
    return { uid: ask('-u'), gid: ask('-g') }
  } catch {
    return undefined
  }
}

/** Gives a file to `serverUser`; a server that runs as ourselves owns it already. */
export function giveToServer(...paths: readonly string[]): void {
  if (serverUser) for (const path of paths) chownSync(path, serverUser.uid, serverUser.gid)
}

/** A new folder that `serverUser` owns; `remove` deletes it. */
export function temporaryFolder(name: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `bg-${name}-`))
  giveToServer(path)
  chmodSync(path, 0o700)
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export interface Daemon {
  readonly pid: number
  /** Everything it has printed so far. */
  output(): string
  /** Ends it by its process id and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/**
 * Starts a server in the foreground as `serverUser`, or as ourselves; `ready` is asked every few milliseconds until it holds or
 * nobody waits any longer.
 */
export async function startDaemon(
  command: string,
  args: readonly string[],
  ready: (output: string) => boolean | Promise<boolean>,
  env: NodeJS.ProcessEnv = process.env,
  as: typeof serverUser | 'ourselves' = serverUser,
): Promise<Daemon> {
  const child: ChildProcess = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
    ...(as === 'ourselves' ? {} : as),
  })
  let text = ''
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-65_536)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const gone = once(child, 'exit')
  const until = performance.now() + PATIENCE_MS
  while (!(await ready(text))) {
    if (child.exitCode !== null || performance.now() > until) {
      child.kill('SIGKILL')
      throw new Error(`${command} ${args.join(' ')} did not start:\n${text}`)
    }
    await new Promise(resolve => setTimeout(resolve, 15))
  }
  return {
    pid: child.pid ?? 0,
    output: () => text,
    async stop(signal = 'SIGINT') {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal)
        const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
        await gone
        clearTimeout(timer)
      }
    },
  }
}
