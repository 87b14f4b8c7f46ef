import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { World } from '../test/real/world.ts'

export interface OwnProcess {
  readonly pid: number
  /** Resident memory in bytes. */
  memory(): number
  stop(): Promise<void>
}

/** Stops the world's server here and goes on with it in a process of its own, on the same data and at the same time. */
export async function inOwnProcess(world: World): Promise<OwnProcess> {
  const ahead = Math.round(world.clock.now().wall - Date.now())
  await world.handOver()
  const child = fork(join(import.meta.dirname, 'gateway-process.ts'), [
    join(world.folder, 'breakglass.yaml'),
    String(ahead),
  ])
  await once(child, 'message')
  const pid = child.pid as number
  return {
    pid,
    memory: () =>
      Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN) * 1024,
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
