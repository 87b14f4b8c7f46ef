import type { Target } from '../../client/answers.ts'
import type { Client } from '../../client/client.ts'
import { Fault } from '../../kernel/faults.ts'
import type { NativeClient } from './native-client.ts'
import { postgres } from './postgres.ts'
import { ssh } from './ssh.ts'

const CLIENTS: Readonly<Record<string, NativeClient>> = { postgres, ssh }

/** Fault `target.misconfigured` for a protocol whose clients are not known here. */
export function clientOf(protocol: string): NativeClient {
  const found = Object.hasOwn(CLIENTS, protocol) ? CLIENTS[protocol] : undefined
  if (found) return found
  throw new Fault('target.misconfigured', `No client is known here for ${protocol}.`, {
    next: 'Connect with your own; `breakglass open --json` prints what it needs.',
  })
}

/** What a target speaks. Fault `target.unknown`. */
export async function protocolOf(client: Client, target: string): Promise<string> {
  const { targets } = await client.get<{ targets: readonly Target[] }>('/v1/targets')
  const found = targets.find(({ name }) => name === target)
  if (found) return found.protocol
  throw new Fault('target.unknown', `The target ${target} is not configured any more.`, {
    next: 'List targets with `breakglass status`.',
  })
}
