import { randomBytes } from 'node:crypto'
import { Fault } from '../../kernel/faults.ts'
import type { ClientConnection, Protocol, TargetConnection } from '../../target/protocol.ts'
import { CancelKeys } from './login/cancel.ts'
import { checkTarget } from './administration/check.ts'
import { PostgresClient } from './login/client.ts'
import { Controls } from './administration/control.ts'
import { dial, PostgresTarget } from './dial/dial.ts'
import type { Inspector } from './inspect/inspector.ts'
import { readLogin } from './login/login.ts'
import { planSql } from './administration/plan.ts'
import { provision } from './administration/provision.ts'
import { relay } from './relay/relay.ts'
import { MaskLinks } from './mask/mask-links.ts'
import { relayMasked } from './mask/relay-masked.ts'
import { dormantLogins } from './administration/dormant.ts'
import { checkScopes } from './administration/scope-role.ts'
import { readSettings } from './administration/settings.ts'

export { createInspector } from './inspect/inspect.ts'
export { RULE_NAMES } from './inspect/refuse-rules.ts'
export { judgeScript } from './inspect/script/judge-script.ts'

export interface PostgresOptions {
  readonly inspector: Inspector
  /** Milliseconds for connecting and logging in at a target. */
  readonly dialTimeoutMs?: number
  /** True lets clients on this machine connect without TLS: for a mesh that ends TLS beside us, and for benches. */
  readonly plaintextFromLoopback?: boolean
  /** 32 bytes that make the salts of unknown logins; keep them over restarts so that nobody can tell. Random by default. */
  readonly enumerationKey?: Buffer
}

const DIAL_TIMEOUT_MS = 10_000

/** PostgreSQL 15 and later, protocol 3. One per process; owns the control connections and the cancel keys. */
export function createPostgresProtocol(options: PostgresOptions): Protocol {
  const cancels = new CancelKeys()
  const controls = new Controls()
  const maskLinks = new MaskLinks()
  const loginOptions = {
    cancels,
    enumerationKey: options.enumerationKey ?? randomBytes(32),
    plaintextFromLoopback: options.plaintextFromLoopback ?? false,
  }
  return {
    name: 'postgres',
    checkSettings(target) {
      readSettings(target)
      checkScopes(target)
    },
    readLogin: (stream, remote, desk) => readLogin(stream, remote, desk, loginOptions),
    provision: passage => provision(passage, controls),
    dial: (passage, client) => dial(passage, ours(client), options.dialTimeoutMs ?? DIAL_TIMEOUT_MS),
    relay(client, target, guard) {
      const shared = { inspector: options.inspector, cancels }
      if (guard.rules.mask.length === 0) return relay(ours(client), oursToo(target), guard, shared)
      return relayMasked(ours(client), oursToo(target), guard, shared, maskLinks)
    },
    control: target => controls.of(target),
    dormant: dormantLogins(controls),
    plan: planSql,
    check: checkTarget,
  }
}

/** Connections come back to us as the contract's types; only our own can be here. */
function ours(client: ClientConnection): PostgresClient {
  if (client instanceof PostgresClient) return client
  throw new Fault('internal', 'a client connection of another protocol')
}

function oursToo(target: TargetConnection): PostgresTarget {
  if (target instanceof PostgresTarget) return target
  throw new Fault('internal', 'a target connection of another protocol')
}
