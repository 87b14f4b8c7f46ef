import { Socket } from 'node:net'
import { duplexPair, type Duplex } from 'node:stream'
import type { PostgresSettings } from '../../src/protocols/postgres/administration/settings.ts'
import { PostgresTarget } from '../../src/protocols/postgres/dial/dial.ts'
import type { Inspector } from '../../src/protocols/postgres/inspect/inspector.ts'
import { CancelKeys } from '../../src/protocols/postgres/login/cancel.ts'
import { PostgresClient } from '../../src/protocols/postgres/login/client.ts'
import { PROTOCOL_3_0 } from '../../src/protocols/postgres/messages/messages.ts'
import { relay } from '../../src/protocols/postgres/relay/relay.ts'
import type { SessionEnd } from '../../src/target/action.ts'
import type { Guard } from '../../src/target/protocol.ts'

export const PLAIN_SETTINGS: PostgresSettings = {
  host: '127.0.0.1',
  port: 1,
  target: 'shop-db',
  databases: ['shop'],
  user: 'breakglass',
  tls: 'disable',
  tlsNegotiation: 'postgres',
  connections: 1,
  primary: undefined,
  dormant: 0,
  password: () => '',
  authority: () => undefined,
}

/** A target whose cancel requests are counted, as there is no server to send them to. */
class CountingTarget extends PostgresTarget {
  cancels = 0

  override cancel(): Promise<void> {
    this.cancels++
    return Promise.resolve()
  }
}

export interface Rig {
  /** What the client's machine and the target's machine hold of the two connections. */
  readonly client: Duplex
  readonly target: Duplex
  /** Everything that has arrived there. */
  readonly atClient: Buffer[]
  readonly atTarget: Buffer[]
  readonly end: Promise<SessionEnd>
  readonly over: boolean
}

/** One session of the real relay between two pairs of streams, logged in at both sides. */
export function openRig(options: {
  readonly guard: Guard
  readonly inspector: Inspector
  readonly greeting?: Readonly<Record<string, string>>
}): Rig {
  const [clientSide, clientOfRelay] = connection()
  const [targetSide, targetOfRelay] = connection()
  const startup = { user: 'bg_client', database: '', application: '', settings: {}, unknownOptions: [] }
  const target = new CountingTarget(
    { stream: targetOfRelay, socket: new Socket(), certificate: undefined },
    {
      protocol: PROTOCOL_3_0,
      parameters: new Map(Object.entries(options.greeting ?? {})),
      pid: 7,
      cancelKey: Buffer.alloc(4),
      status: 73,
      notices: [],
    },
    PLAIN_SETTINGS,
    'shop',
  )
  const atClient = kept(clientSide)
  const atTarget = kept(targetSide)
  let over = false
  const client = new PostgresClient(clientOfRelay, startup, '127.0.0.1', PROTOCOL_3_0)
  const { inspector } = options
  const end = relay(client, target, options.guard, { inspector, cancels: new CancelKeys() })
  void end.then(() => (over = true))
  return {
    client: clientSide,
    target: targetSide,
    atClient,
    atTarget,
    end,
    get over() {
      return over
    },
  }
}

/** Two ends; when one is gone the other goes too, as with sockets. */
function connection(): [Duplex, Duplex] {
  const [one, other] = duplexPair()
  for (const [here, there] of [
    [one, other],
    [other, one],
  ] as const) {
    here.on('error', () => undefined)
    here.on('close', () => there.destroy())
  }
  return [one, other]
}

function kept(stream: Duplex): Buffer[] {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.on('end', () => stream.end())
  return chunks
}

/** Resolves when `holds`, after at most `ms`; false when it did not come. */
export async function until(holds: () => boolean, ms = 5000): Promise<boolean> {
  const began = performance.now()
  for (let turn = 0; !holds(); turn++) {
    if (performance.now() - began > ms) return false
    if (turn < 50) await new Promise<void>(resolve => setImmediate(resolve))
    else await new Promise<void>(resolve => setTimeout(resolve, 1))
  }
  return true
}
