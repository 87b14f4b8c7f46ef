import { type KeyObject, randomBytes } from 'node:crypto'
import { Fault } from '../../kernel/faults.ts'
import type { ClientConnection, Protocol, TargetConnection } from '../../target/protocol.ts'
import { checkTarget } from './administration/check.ts'
import { Controls } from './administration/control.ts'
import { planText } from './administration/plan.ts'
import type { OwnAccess } from './administration/own-link.ts'
import { readSettings } from './administration/settings.ts'
import { dial } from './dial/dial.ts'
import { SshTarget } from './dial/target.ts'
import { SshClient } from './login/client.ts'
import { readLogin } from './login/login.ts'
import { relay } from './relay/relay.ts'

/** Keys are asked for at each use: they may be replaced while sessions run. */
export interface SshOptions {
  /** ed25519; clients pin it. */
  readonly hostKey: KeyObject
  /** ed25519; signs the certificates that targets accept. */
  readonly ca: KeyObject
  /** Will follow it: targets are to trust both. */
  readonly nextCa?: KeyObject | undefined
  /** Wall milliseconds. */
  readonly now: () => number
  readonly dialTimeoutMs?: number
}

export { judgeLine } from './inspect/judge-line.ts'
export { RULE_NAMES } from './inspect/refuse-rules.ts'

const DIAL_TIMEOUT_MS = 10_000

/** SSH protocol 2.0 (RFC 4250–4254). One per process. */
export function createSshProtocol(options: SshOptions): Protocol {
  const { now, dialTimeoutMs = DIAL_TIMEOUT_MS } = options
  const enumerationKey = randomBytes(32)
  const access = (key: () => KeyObject): OwnAccess => ({
    get ca() {
      return key()
    },
    now,
    dialTimeoutMs,
  })
  const controls = new Controls(access(() => options.ca))
  return {
    name: 'ssh',
    checkSettings(target) {
      readSettings(target)
    },
    readLogin: (stream, remote, desk) =>
      readLogin(stream, remote, desk, { hostKey: options.hostKey, enumerationKey }),
    provision: passage => controls.of(passage.target).provision(passage),
    dial: (passage, client) =>
      dial(passage, ours(client), {
        ca: options.ca,
        now,
        timeoutMs: dialTimeoutMs,
        demandLiving: ({ target, login }) => controls.of(target).demandLiving(login.name),
      }),
    relay: (client, target, guard) => relay(ours(client), oursToo(target), guard),
    control: target => controls.of(target),
    plan: target => planText(target, options.nextCa ? [options.ca, options.nextCa] : [options.ca]),
    async check(target) {
      const { ca, nextCa } = options
      return checkTarget(
        target,
        access(() => ca),
        nextCa && access(() => nextCa),
      )
    },
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
