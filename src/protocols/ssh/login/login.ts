import type { KeyObject } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { isFault } from '../../../kernel/faults.ts'
import type { LoginDesk } from '../../../target/protocol.ts'
import { ED25519 } from '../keys/public-blob.ts'
import { SshReader } from '../messages/fields.ts'
import { DISCONNECT, SSH } from '../messages/numbers.ts'
import {
  decodeInfoResponse,
  decodeUserauthRequest,
  serviceAccept,
  type UserauthRequest,
  userauthFailure,
  userauthInfoRequest,
  userauthPkOk,
} from '../messages/userauth.ts'
import { SshTransport } from '../transport/transport.ts'
import { SshClient } from './client.ts'
import { madeUpVerifier, provesSecret } from './secret.ts'
import { provesKey } from './signature.ts'

export interface LoginOptions {
  readonly hostKey: KeyObject
  /** Keeps the answers to unknown logins the same from try to try. */
  readonly enumerationKey: Buffer
}

export const IDENT = 'breakglass'
const METHODS = ['publickey', 'keyboard-interactive', 'password']
const PROMPT = 'Session secret (shown by `breakglass open`): '
/** Proofs that failed; offers of keys prove nothing and may be more, as an agent offers all it has. */
const MOST_FAILED = 3
const MOST_REQUESTS = 30
const LONGEST_NAME = 200
const LONGEST_SECRET = 1024

/**
 * Speaks with a fresh connection until its login is proven: by the key given out with it, or by the session secret. Each request is
 * judged by itself, so nothing carries over from one user name to the next (RFC 4252 §5). See `Protocol.readLogin` for what it promises.
 */
export function readLogin(
  stream: Duplex,
  remote: string,
  desk: LoginDesk,
  options: LoginOptions,
): Promise<SshClient | undefined> {
  return new Promise(resolve => {
    const doorkeeper = new Doorkeeper(stream, remote, desk, options, resolve)
    doorkeeper.limit()
  })
}

class Doorkeeper {
  readonly #desk: LoginDesk
  readonly #options: LoginOptions
  readonly #remote: string
  readonly #resolve: (client: SshClient | undefined) => void
  readonly #transport: SshTransport
  #timer: NodeJS.Timeout | undefined
  #client: SshClient | undefined
  #settled = false
  /** Requests are judged one after the other. */
  #turn: Promise<void> = Promise.resolve()
  #requests = 0
  #failed = 0
  /** The last name that was tried, for the one report of failure. */
  #tried: string | undefined
  #why = 'left without a proof'
  /** The name whose secret was asked for; any new request forgets it. */
  #asked: string | undefined
  #serviceAccepted = false

  constructor(
    stream: Duplex,
    remote: string,
    desk: LoginDesk,
    options: LoginOptions,
    resolve: (client: SshClient | undefined) => void,
  ) {
    this.#desk = desk
    this.#options = options
    this.#remote = remote
    this.#resolve = resolve
    this.#transport = new SshTransport(stream, { role: 'server', hostKey: options.hostKey }, IDENT, {
      ready: () => undefined,
      message: payload => {
        if (this.#client) return this.#client.message(payload)
        this.#turn = this.#turn.then(() => this.#hear(payload)).catch((cause: unknown) => this.#broken(cause))
        if (++this.#requests > MOST_REQUESTS) this.#giveUp('too many requests')
      },
      closed: why => {
        if (this.#client) return this.#client.gone(why)
        this.#end(undefined)
      },
      drained: () => this.#client?.drained(),
    })
  }

  /** From now on the login has its time and no more. */
  limit(): void {
    if (!this.#settled) this.#timer = setTimeout(() => this.#giveUp('too slow'), this.#desk.timeoutMs)
  }

  async #hear(payload: Buffer): Promise<void> {
    if (this.#settled) return this.#client?.message(payload)
    switch (payload[0]) {
      case SSH.serviceRequest: {
        const reader = new SshReader(payload, 1)
        const name = reader.text()
        reader.end()
        if (name !== 'ssh-userauth') return this.#giveUp('a service that is not there')
        this.#serviceAccepted = true
        return this.#transport.send(serviceAccept(name))
      }
      case SSH.userauthRequest:
        if (!this.#serviceAccepted) return this.#giveUp('a login before its service')
        return this.#judge(decodeUserauthRequest(payload))
      case SSH.userauthInfoResponse:
        return this.#answered(payload)
      default:
        return this.#giveUp('a message before the login')
    }
  }

  async #judge({ user, service, proof }: UserauthRequest): Promise<void> {
    this.#asked = undefined
    if (service !== 'ssh-connection') return this.#giveUp('a service that is not there')
    if (Buffer.byteLength(user) > LONGEST_NAME) return this.#giveUp('an overlong name')
    this.#tried = user
    switch (proof.method) {
      case 'publickey': {
        const expected = await this.#desk.publicKey(user)
        const fits = expected !== undefined && proof.algorithm === ED25519 && proof.key.equals(expected)
        if (proof.signature === undefined) {
          // An offer: says only to the holder of that public key that it would do (RFC 4252 §7).
          return this.#transport.send(
            fits ? userauthPkOk(proof.algorithm, proof.key) : userauthFailure(METHODS),
          )
        }
        // A key that is not the login's costs nothing, as clients sign with whatever they have.
        if (!fits) return this.#transport.send(userauthFailure(METHODS))
        return this.#decide(user, provesKey(proof, expected, this.#transport.sessionId))
      }
      case 'password':
        return this.#decide(user, await this.#secretFits(user, proof.password))
      case 'keyboard-interactive':
        this.#asked = user
        return this.#transport.send(userauthInfoRequest(PROMPT))
      default:
        return this.#transport.send(userauthFailure(METHODS))
    }
  }

  async #answered(payload: Buffer): Promise<void> {
    const user = this.#asked
    this.#asked = undefined
    const answers = decodeInfoResponse(payload, 1)
    if (user === undefined || answers?.length !== 1) return this.#giveUp('an answer to no question')
    return this.#decide(user, await this.#secretFits(user, answers[0] as string))
  }

  async #secretFits(user: string, secret: string): Promise<boolean> {
    const known = await this.#desk.verifier(user)
    if (secret.length > LONGEST_SECRET) return false
    const right = await provesSecret(
      secret.trim(),
      known ?? madeUpVerifier(user, this.#options.enumerationKey),
    )
    return right && known !== undefined
  }

  #decide(user: string, proven: boolean): void {
    if (this.#settled) return
    if (proven) return this.#end(new SshClient(this.#transport, user, this.#remote))
    if (++this.#failed >= MOST_FAILED) return this.#giveUp('wrong secret or key, or unknown login')
    this.#why = 'wrong secret or key, or unknown login'
    this.#transport.send(userauthFailure(METHODS))
  }

  #broken(cause: unknown): void {
    this.#giveUp(isFault(cause) ? cause.message : 'the login could not be judged')
  }

  #giveUp(why: string): void {
    if (this.#settled) return
    this.#why = why
    this.#end(undefined)
    void this.#transport.disconnect(DISCONNECT.noMoreAuthMethods, why)
  }

  #end(client: SshClient | undefined): void {
    if (this.#settled) return
    this.#settled = true
    this.#client = client
    clearTimeout(this.#timer)
    if (!client && this.#tried !== undefined) this.#desk.failed(this.#tried, this.#remote, this.#why)
    this.#resolve(client)
  }
}
