import { createHash, randomBytes } from 'node:crypto'
import { Fault } from '../../../kernel/faults.ts'
import { ByteReader } from '../../../wire/byte-reader.ts'
import { readExactly } from '../../../wire/read-exactly.ts'
import { serverEndPoint } from '../login/channel-binding.ts'
import { decodeParameterStatus, decodeReport } from '../messages/decode.ts'
import { password, saslInitialResponse, saslResponse, startup } from '../messages/encode.ts'
import { AUTHENTICATION, BACKEND, CANCEL_KEY, PROTOCOL_3_0, PROTOCOL_3_2 } from '../messages/messages.ts'
import { scramClient, type ScramClient } from '../login/scram-client.ts'
import type { PostgresSettings } from '../administration/settings.ts'
import { unreachable, type TargetLink } from './target-link.ts'

/** What a target says before its first ReadyForQuery. */
export interface Greeting {
  /** `PROTOCOL_3_2`, or what the target went down to. */
  readonly protocol: number
  readonly parameters: ReadonlyMap<string, string>
  readonly pid: number
  readonly cancelKey: Buffer
  readonly status: number
  /** Notices, whole, for the client. */
  readonly notices: readonly Buffer[]
}

const LARGEST_GREETING_MESSAGE = 65_536
const MOST_GREETING_MESSAGES = 1000

/**
 * We ask for protocol 3.2, whose cancel keys nobody guesses; a server before 18 says within the same round trip that it speaks
 * 3.0 only.
 */
const ASKED = PROTOCOL_3_2

/**
 * Logs in at the target with SCRAM-SHA-256(-PLUS), MD5 or a cleartext password, whichever it asks for. A cleartext
 * password is sent only through TLS or to this machine. Faults: `target.unreachable`, `target.misconfigured`.
 */
export async function loginAtTarget(
  link: TargetLink,
  settings: PostgresSettings,
  login: { readonly name: string; readonly secret: string },
  parameters: Readonly<Record<string, string>>,
): Promise<Greeting> {
  link.stream.write(startup({ user: login.name, ...parameters }, ASKED))
  const authentication = new Authentication(link, login)
  const said = new Map<string, string>()
  const notices: Buffer[] = []
  let protocol = ASKED
  let pid = 0
  let cancelKey: Buffer = Buffer.alloc(0)

  for (let count = 0; count < MOST_GREETING_MESSAGES; count++) {
    const { tag, whole, body } = await readMessage(link, settings)
    if (tag === BACKEND.error) throw refusedBy(body)
    else if (tag === BACKEND.authentication) await authentication.answer(new ByteReader(body))
    else if (tag === BACKEND.negotiateProtocolVersion) protocol = negotiated(new ByteReader(body))
    else if (!authentication.done) throw strange()
    else if (tag === BACKEND.notice) notices.push(whole)
    else if (tag === BACKEND.parameterStatus) {
      const { name, value } = decodeParameterStatus(body, 0, body.length)
      said.set(name, value)
    } else if (tag === BACKEND.backendKeyData) {
      const fields = new ByteReader(body)
      pid = fields.int32()
      cancelKey = fields.bytes(fields.remaining)
      if (cancelKey.length < CANCEL_KEY.shortest || cancelKey.length > CANCEL_KEY.longest) throw strange()
    } else if (tag === BACKEND.readyForQuery) {
      return { protocol, parameters: said, pid, cancelKey, status: body[0] ?? 0, notices }
    } else throw strange()
  }
  throw strange()
}

/** NegotiateProtocolVersion: less than we asked for, and nothing about options, as we named none. */
function negotiated(fields: ByteReader): number {
  const version = fields.int32()
  const unknown = fields.int32()
  fields.end()
  if (version < PROTOCOL_3_0 || version >= ASKED || unknown !== 0) throw strange()
  return version
}

async function readMessage(
  link: TargetLink,
  settings: PostgresSettings,
): Promise<{ tag: number; whole: Buffer; body: Buffer }> {
  const header = await readExactly(link.stream, 5)
  if (header === undefined) throw unreachable(settings, undefined)
  const length = header.readInt32BE(1)
  if (length < 4 || length > LARGEST_GREETING_MESSAGE) throw strange()
  const body = await readExactly(link.stream, length - 4)
  if (body === undefined) throw unreachable(settings, undefined)
  return { tag: header[0] ?? 0, whole: Buffer.concat([header, body]), body }
}

/** Answers AuthenticationXxx messages; `done` after AuthenticationOk that was earned. */
class Authentication {
  done = false
  readonly #link: TargetLink
  readonly #login: { readonly name: string; readonly secret: string }
  #scram: ScramClient | undefined
  #verify: ((serverFinal: string) => boolean) | undefined
  #owed = false

  constructor(link: TargetLink, login: { readonly name: string; readonly secret: string }) {
    this.#link = link
    this.#login = login
  }

  async answer(fields: ByteReader): Promise<void> {
    const { stream, certificate } = this.#link
    switch (fields.int32()) {
      case AUTHENTICATION.ok:
        // A server that skips its own proof does not know the secret (RFC 5802 §3).
        if (this.#owed) throw strange()
        this.done = true
        return
      case AUTHENTICATION.cleartext:
        if (certificate === undefined && !isLoopback(this.#link.socket.remoteAddress))
          throw cleartextRefused()
        stream.write(password(this.#login.secret))
        return
      case AUTHENTICATION.md5:
        stream.write(password(md5Answer(this.#login.name, this.#login.secret, fields.bytes(4))))
        return
      case AUTHENTICATION.sasl: {
        const mechanisms: string[] = []
        for (let name = fields.cstring(); name !== ''; name = fields.cstring()) mechanisms.push(name)
        const endPoint = certificate === undefined ? undefined : serverEndPoint(certificate)
        this.#scram = scramClient(
          this.#login.secret,
          mechanisms,
          endPoint,
          randomBytes(18).toString('base64'),
        )
        this.#owed = true
        stream.write(saslInitialResponse(this.#scram.mechanism, this.#scram.first))
        return
      }
      case AUTHENTICATION.saslContinue: {
        if (this.#scram === undefined) throw strange()
        const { final, verify } = await this.#scram.answer(fields.bytes(fields.remaining).toString('utf8'))
        this.#verify = verify
        stream.write(saslResponse(final))
        return
      }
      case AUTHENTICATION.saslFinal:
        if (!this.#verify?.(fields.bytes(fields.remaining).toString('utf8'))) throw strange()
        this.#owed = false
        return
      default:
        throw new Fault(
          'target.misconfigured',
          'the target asks for a kind of authentication we do not speak',
          {
            next: 'Let pg_hba.conf use scram-sha-256 for the breakglass logins.',
          },
        )
    }
  }
}

/** PostgreSQL documentation, "Message Flow", AuthenticationMD5Password. */
function md5Answer(user: string, secret: string, salt: Buffer): string {
  const md5 = (...parts: readonly (string | Buffer)[]) => {
    const hash = createHash('md5')
    for (const part of parts) hash.update(part)
    return hash.digest('hex')
  }
  return `md5${md5(md5(secret, user), salt)}`
}

function isLoopback(address: string | undefined): boolean {
  return address === '::1' || (address ?? '').replace('::ffff:', '').startsWith('127.')
}

function cleartextRefused(): Fault {
  return new Fault('target.misconfigured', 'the target asks for a cleartext password without TLS', {
    next: 'Let pg_hba.conf use scram-sha-256, or turn TLS on for this target.',
  })
}

function strange(): Fault {
  return new Fault(
    'target.misconfigured',
    'the target does not speak the PostgreSQL protocol as documented',
    {
      next: 'Check that `address` is a PostgreSQL server, not a pooler that rewrites the login.',
    },
  )
}

/** The target's own refusal: its class says whether waiting may help. */
function refusedBy(body: Buffer): Fault {
  const { code, message } = decodeReport(body, 0, body.length)
  const busy = code.startsWith('53') || code.startsWith('57') || code.startsWith('08')
  return new Fault(
    busy ? 'target.unreachable' : 'target.misconfigured',
    `the target refused the login: ${message}`,
    {
      next: busy ? 'Try again in a moment.' : 'Run `breakglass target check` for this target.',
      facts: { sqlstate: code },
    },
  )
}
