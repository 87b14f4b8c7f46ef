import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { createSshProtocol } from '../../../src/protocols/ssh/index.ts'
import { publicBlob } from '../../../src/protocols/ssh/keys/public-blob.ts'
import type { HostRules, SessionRules } from '../../../src/target/action.ts'
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

/** The protocol between a real sshd and a client whose every message a test chooses; the guard is the test's. */
export async function openRelayStand(host?: Partial<HostRules>, forceCommand?: string): Promise<RelayStand> {
  const sshd = await startSshd()
  const [hostKey, own] = [1, 2].map(() => generateKeyPairSync('ed25519').privateKey)
  if (!hostKey || !own) throw new Error('no keys')
  const verifier = makeVerifier('session-secret')
  const hostRules: HostRules = { never: [], forward: [], allow: [], ...host }
  const protocol = createSshProtocol({ hostKey, ca: sshd.ca, now: () => Date.now() })
  const login = { name: `bg_${randomBytes(6).toString('hex')}`, secret: '' }
  const passage = () =>
    makePassage({
      grant: 'g_relay',
      session: 's_relay',
      target: hostOf(sshd),
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
      await sshd.stop()
      if (door.thrown.length > 0) throw new AggregateError(door.thrown, 'what a protocol must not throw')
    },
  }
}
