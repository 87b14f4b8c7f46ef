import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { sha256Hex } from '../kernel/bytes.ts'
import { Fault } from '../kernel/faults.ts'
import { newId, randomWord } from '../kernel/ids.ts'
import { sshFingerprint } from '../kernel/ssh-key.ts'
import type { Journal } from '../journal/journal.ts'
import type { ScramVerifier } from '../target/protocol.ts'
import { findGrant } from '../grant/find.ts'
import { grants, loginNames } from '../grant/slice.ts'
import type { Secrets } from '../identity/secrets.ts'

const derive = promisify(pbkdf2)
/** RFC 7677 §4 floor. The secret is random with 120 bits, so more rounds would protect nothing. */
const ITERATIONS = 4096
const SECRET_BITS = 120
const LOGIN_BITS = 60
const KEPT_MS = 24 * 3_600_000

export interface IssuedCredential {
  readonly login: string
  /** Shown once; only its verifier is kept. */
  readonly secret: string
}

interface Record_ {
  readonly salt: string
  readonly iterations: number
  readonly storedKey: string
  readonly serverKey: string
  /** Base64 of the one SSH public key that proves this login; without one only the secret does. */
  readonly publicKey?: string
  /** The first address that used it; bound from then on. */
  readonly address?: string
}

/** What native clients log in with: made per request, valid as long as the grant, bound to the first address. */
export class ClientCredentials {
  readonly #journal: Journal
  readonly #secrets: Secrets
  readonly #binding = new Map<string, Promise<void>>()

  constructor(journal: Journal, secrets: Secrets) {
    this.#journal = journal
    this.#secrets = secrets
  }

  /**
   * A further login for an active grant; `publicKey` (as SSH encodes it) proves it as well as the secret does. The caller has checked
   * that the grant is the asker's.
   */
  async issue(grantId: string, publicKey?: Buffer): Promise<IssuedCredential> {
    const login = `bg_${randomWord(LOGIN_BITS)}`
    const secret = randomWord(SECRET_BITS)
    const record: Record_ = {
      ...(await makeVerifier(secret)),
      ...(publicKey && { publicKey: publicKey.toString('base64') }),
    }
    const bytes = Buffer.from(JSON.stringify(record))
    await this.#secrets.put(recordName(login), bytes)
    await this.#journal.execute(state => {
      const grant = findGrant(state, grantId)
      if (grant instanceof Fault) return grant
      if (grant.state !== 'active')
        return new Fault('grant.not_active', `Grant ${grantId} is ${grant.state}.`)
      const data = {
        grant: grantId,
        credential: newId('credential'),
        login,
        digest: sha256Hex(bytes),
        ...(publicKey && { key: sshFingerprint(publicKey) }),
      }
      return {
        events: [{ type: 'credential.issued', subject: grant.person, target: grant.target, data }],
        result: undefined,
      }
    })
    return { login, secret }
  }

  /** The grant of a login name and what proves it; undefined for a name nobody was given. */
  async find(
    login: string,
  ): Promise<{ grant: string; verifier: ScramVerifier; publicKey: Buffer | undefined } | undefined> {
    const known = this.#journal.state.get(loginNames, login)
    const record = known && (await this.#record(login))
    if (!known || !record) return undefined
    return {
      grant: known.grant,
      verifier: {
        salt: Buffer.from(record.salt, 'base64'),
        iterations: record.iterations,
        storedKey: Buffer.from(record.storedKey, 'base64'),
        serverKey: Buffer.from(record.serverKey, 'base64'),
      },
      publicKey: record.publicKey === undefined ? undefined : Buffer.from(record.publicKey, 'base64'),
    }
  }

  /**
   * Binds the login to the first address that proved the secret. Two first connections at once are put in a row: one address wins.
   * Fault `session.refused` from any other (attack 5).
   */
  async bind(login: string, address: string): Promise<void> {
    const before = this.#binding.get(login) ?? Promise.resolve()
    const mine = before.catch(() => undefined).then(() => this.#bindNow(login, address))
    this.#binding.set(login, mine)
    try {
      await mine
    } finally {
      if (this.#binding.get(login) === mine) this.#binding.delete(login)
    }
  }

  async #bindNow(login: string, address: string): Promise<void> {
    const record = await this.#record(login)
    if (!record) throw new Fault('session.refused', 'This login is not known.')
    if (record.address === address) return
    if (record.address !== undefined)
      throw new Fault('session.refused', 'This session secret was first used from another address.', {
        next: 'Get a secret for this address with `breakglass connect`.',
      })
    await this.#secrets.put(recordName(login), Buffer.from(JSON.stringify({ ...record, address })))
  }

  /**
   * Destroys the verifiers of grants that ended more than a day ago, and those whose event was never written. Until then they
   * stay: whoever comes with an ended login is told why, and noticed (attack 5).
   */
  async sweep(now: number): Promise<void> {
    for (const name of await this.#secrets.list('credential/')) {
      const known = this.#journal.state.get(loginNames, name.slice('credential/'.length))
      const grant = known && this.#journal.state.get(grants, known.grant)
      const over = grant?.endedAt !== undefined && grant.endedAt.wall + KEPT_MS < now
      if (!grant || over) await this.#secrets.destroy(name)
    }
  }

  async #record(login: string): Promise<Record_ | undefined> {
    const bytes = await this.#secrets.get(recordName(login))
    return bytes && (JSON.parse(bytes.toString()) as Record_)
  }
}

function recordName(login: string): string {
  return `credential/${login}`
}

/** RFC 5802 §3: StoredKey = H(HMAC(SaltedPassword, "Client Key")), ServerKey = HMAC(SaltedPassword, "Server Key"). */
async function makeVerifier(secret: string): Promise<Record_> {
  const salt = randomBytes(16)
  const salted = await derive(secret, salt, ITERATIONS, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  return {
    salt: salt.toString('base64'),
    iterations: ITERATIONS,
    storedKey: createHash('sha256').update(clientKey).digest('base64'),
    serverKey: createHmac('sha256', salted).update('Server Key').digest('base64'),
  }
}
