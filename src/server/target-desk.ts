import type { TargetDesk } from '../api/deps.ts'
import { Fault } from '../kernel/faults.ts'
import type { Target } from '../kernel/target.ts'
import type { Protocol } from '../target/protocol.ts'

export interface Listening {
  readonly host: string
  readonly port: number
  /** What shows clients of SSH that this is the gateway: `ssh-ed25519 AAAA…`, now and after the next switch. */
  readonly hostKeys?: () => readonly string[]
}

/** The configured targets and how to reach them through this gateway. */
export function createTargetDesk(
  targets: ReadonlyMap<string, Target>,
  protocols: readonly Protocol[],
  listening: ReadonlyMap<string, Listening>,
): TargetDesk {
  const protocol = (target: Target): Protocol => {
    const found = protocols.find(({ name }) => name === target.protocol)
    if (found) return found
    throw new Fault('target.misconfigured', `No protocol ${target.protocol} is built in.`, {
      next: `Built in: ${protocols.map(({ name }) => name).join(', ')}.`,
    })
  }
  return {
    list: () => [...targets.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    find: name => targets.get(name),
    endpoint(target) {
      const at = listening.get(target.protocol)
      if (!at) return undefined
      const { database, databases } = target.settings
      const first: unknown = Array.isArray(databases) ? databases[0] : database
      const { host, port, hostKeys } = at
      return {
        host,
        port,
        ...(hostKeys && { hostKeys: hostKeys() }),
        ...(typeof first === 'string' && { database: first }),
      }
    },
    plan: target => protocol(target).plan(target),
    check: target => protocol(target).check(target),
  }
}
