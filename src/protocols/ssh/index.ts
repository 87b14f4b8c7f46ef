import { type KeyObject, randomBytes } from 'node:crypto'
import { Fault } from '../../kernel/faults.ts'
import type { ClientConnection, Protocol, TargetConnection, TargetControl } from '../../target/protocol.ts'
import { readSettings } from './administration/settings.ts'
import { dial } from './dial/dial.ts'
import { SshTarget } from './dial/target.ts'
import { SshClient } from './login/client.ts'
import { readLogin } from './login/login.ts'
import { relay } from './relay/relay.ts'

export interface SshOptions {
  /** ed25519; clients pin it. */
  readonly hostKey: KeyObject
  /** ed25519; signs the certificates that targets accept. */
  readonly ca: KeyObject
  /** Wall milliseconds. */
  now(): number
  readonly dialTimeoutMs?: number
}

export { RULE_NAMES } from './inspect/refuse-rules.ts'

const DIAL_TIMEOUT_MS = 10_000

const NO_CONTROL: TargetControl = {
  disable: async () => undefined,
  terminate: async () => 0,
  drop: async () => undefined,
  logins: async () => [],
  close: async () => undefined,
}

/** SSH protocol 2.0 (RFC 4250–4254). One per process. */
export function createSshProtocol(options: SshOptions): Protocol {
  const { hostKey, ca, now, dialTimeoutMs = DIAL_TIMEOUT_MS } = options
  const enumerationKey = randomBytes(32)
  const access = { ca, now, timeoutMs: dialTimeoutMs }
  return {
    name: 'ssh',
    checkSettings(target) {
      readSettings(target)
    },
    readLogin: (stream, remote, desk) => readLogin(stream, remote, desk, { hostKey, enumerationKey }),
    async provision() {
      // The certificate of each session is the login: nothing exists at the target before it is dialled.
    },
    dial: (passage, client) => dial(passage, ours(client), access),
    relay: (client, target, guard) => relay(ours(client), oursToo(target), guard),
    control: () => NO_CONTROL,
    plan: target => target.name,
    check: async () => [],
  }
}

/** Connections come back to us as the contract's types; only our own can be here. */
function ours(client: ClientConnection): SshClient {
  if (client instanceof SshClient) return client
  throw new Fault('internal', 'a client connection of another protocol')
}

function oursToo(target: TargetConnection): SshTarget {
  if (target instanceof SshTarget) return target
  throw new Fault('internal', 'a target connection of another protocol')
}
