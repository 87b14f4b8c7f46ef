import { spawn } from 'node:child_process'
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createSecureContext } from 'node:tls'
import { createSshProtocol } from '../../../src/protocols/ssh/index.ts'
import { publicBlob } from '../../../src/protocols/ssh/keys/public-blob.ts'
import type { HostRules, SessionRules } from '../../../src/target/action.ts'
import type { Target } from '../../../src/kernel/target.ts'
import { openDoor } from '../../../src/target/contract/door.suite.ts'
import { makePassage } from '../../../src/target/contract/made-passage.suite.ts'
import { makeVerifier } from '../../../src/target/contract/made-verifier.suite.ts'
import type { DoorSession } from '../../../src/target/contract/door.suite.ts'
import { hostOf, startSshd } from './lab.ts'
import { RawSshClient } from './raw-client.ts'

const LOGIN = 'bg_client'

export interface RelayStand {
  /** A client message by message, and the session it is in. */
  enter(rules?: Partial<SessionRules>): Promise<{ client: RawSshClient; session: DoorSession }>
  close(): Promise<void>
}

/** What a session of the stand reaches. */
interface Reached {
  readonly target: Target
  readonly ca: KeyObject
  readonly stop: () => Promise<void>
}

async function realHost(): Promise<Reached> {
  const sshd = await startSshd()
  return { target: hostOf(sshd), ca: sshd.ca, stop: () => sshd.stop() }
}

/** A host that lets everybody in and opens channels that nobody asked for (`rogue-host.mjs`). */
export async function rogueHost(): Promise<Reached> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'rogue-host.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = once(child, 'exit')
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { port, key } = JSON.parse(line) as { port: number; key: string }
  return {
    target: hostOf({ port, account: 'deploy', hostKeyLine: key }),
    ca: generateKeyPairSync('ed25519').privateKey,
    async stop() {
      child.kill()
      await gone
    },
  }
}

/** The protocol between a real sshd and a client whose every message a test chooses; the guard is the test's. */
export async function openRelayStand(
  host?: Partial<HostRules>,
  forceCommand?: string,
  reached?: Reached,
): Promise<RelayStand> {
  const { target, ca, stop } = reached ?? (await realHost())
  const [hostKey, own] = [1, 2].map(() => generateKeyPairSync('ed25519').privateKey)
  if (!hostKey || !own) throw new Error('no keys')
  const verifier = makeVerifier('session-secret')
  const hostRules: HostRules = { never: [], forward: [], allow: [], ...host }
  const protocol = createSshProtocol({ hostKey, ca, now: () => Date.now() })
  const login = { name: `bg_${randomBytes(6).toString('hex')}`, secret: '' }
  const passage = () =>
    makePassage({
      grant: 'g_relay',
      session: 's_relay',
      target,
      scope: 'deploy',
      login,
      remainingMs: 600_000,
      host: hostRules,
      forceCommand,
    })
  await protocol.provision(passage())
  let rules: Partial<SessionRules> = {}
  const door = await openDoor({
    protocol,
    desk: {
      tls: createSecureContext(),
      verifier: async login => (login === LOGIN ? verifier : undefined),
      publicKey: async login => (login === LOGIN ? publicBlob(own) : undefined),
    },
    // Read for each session.
    get rules() {
      return { host: hostRules, ...rules }
    },
    passage,
  })
  const clients: RawSshClient[] = []
  return {
    async enter(wanted = {}) {
      rules = wanted
      const client = await RawSshClient.connect(door.port, publicBlob(hostKey))
      clients.push(client)
      if (!(await client.proveKey(LOGIN, own))) throw new Error('the key did not open the door')
      const session = door.sessions.at(-1)
      if (!session) throw new Error('a client got in without a session')
      return { client, session }
    },
    async close() {
      for (const client of clients) client.socket.destroy()
      await Promise.all(door.sessions.map(({ end }) => end))
      await door.close()
      await stop()
      if (door.thrown.length > 0) throw new AggregateError(door.thrown, 'what a protocol must not throw')
    },
  }
}
