/**
 * The PostgreSQL relay with a guard that records nothing. Only for measuring: it runs in a process of its own, where the gateway's
 * claim on the maker of passages does not stand.
 */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInspector, createPostgresProtocol } from '../src/protocols/postgres/index.ts'
import { openServerTls } from '../src/server/tls/server-tls.ts'
import { Passage } from '../src/target/passage.ts'

const [port, password] = process.argv.slice(2)
process.once('SIGTERM', () => process.exit(0))
const make = Passage.claimMaker()
const tls = await openServerTls({
  folder: mkdtempSync(join(tmpdir(), 'bg-bare-')),
  organisation: 'bench',
  now: () => Date.now(),
  onTrouble: error => console.error(error),
})
const protocol = createPostgresProtocol({ inspector: createInspector(), plaintextFromLoopback: true })
const salt = Buffer.alloc(16, 1)
const salted = pbkdf2Sync('bench', salt, 4096, 32, 'sha256')
const clientKey = createHmac('sha256', salted).update('Client Key').digest()
const verifier = {
  salt,
  iterations: 4096,
  storedKey: createHash('sha256').update(clientKey).digest(),
  serverKey: createHmac('sha256', salted).update('Server Key').digest(),
}
const passage = make({
  grant: 'g_bench',
  session: 's_bench',
  target: {
    name: 'orders-db',
    protocol: 'postgres',
    address: `127.0.0.1:${port}`,
    environment: 'bench',
    services: [],
    scopes: {},
    settings: { database: 'orders', login: { user: 'postgres', password: password ?? '' }, tls: 'disable' },
  },
  scope: 'bench',
  login: { name: 'postgres', secret: password ?? '' },
  remainingMs: 3_600_000,
})

const server = createServer({ noDelay: true }, socket => {
  void (async () => {
    const client = await protocol.readLogin(socket, '127.0.0.1', {
      tls: tls.context,
      timeoutMs: 5_000,
      verifier: async () => verifier,
      publicKey: async () => undefined,
      failed: (login, remote, why) => console.error(login, remote, why),
    })
    if (!client) return
    const target = await protocol.dial(passage, client)
    let seq = 0
    await protocol.relay(client, target, {
      rules: {
        refuse: [],
        writesPerStatement: undefined,
        mask: [],
        evidence: 'none',
        bindValues: false,
        resultBytes: 0,
      },
      submit: () => ({ forward: true, seq: ++seq }),
      get lastSeq() {
        return seq
      },
      finish: () => undefined,
      stream: () => true,
      connection: inside => inside.destroy(),
      onEnd: () => undefined,
      onNotice: () => undefined,
      hold: () => undefined,
      touch: () => undefined,
      over: () => undefined,
    })
  })().catch((error: unknown) => console.error(error))
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(typeof address === 'object' && address ? address.port : 0)
})
