import { createHmac, randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { Fault, type FaultCode, isFault } from '../../../kernel/faults.ts'
import type { LoginDesk, ScramVerifier } from '../../../target/protocol.ts'
import { ByteReader } from '../../../wire/byte-reader.ts'
import { readExactly } from '../../../wire/read-exactly.ts'
import { acceptTls } from '../../../wire/tls-upgrade.ts'
import type { CancelKeys } from './cancel.ts'
import { serverEndPoint } from './channel-binding.ts'
import { closeWith, PostgresClient } from './client.ts'
import {
  authenticationOk,
  authenticationSasl,
  authenticationSaslContinue,
  authenticationSaslFinal,
  negotiateProtocolVersion,
} from '../messages/encode.ts'
import { ALPN, FRONTEND, PROTOCOL_3_0, PROTOCOL_3_2 } from '../messages/messages.ts'
import { fatal, SQLSTATE } from '../messages/native-error.ts'
import { SCRAM, SCRAM_PLUS, SCRAM_SHAPE } from './scram.ts'
import { scramChallenge } from './scram-server.ts'
import {
  checkStartup,
  decodeFirstPacket,
  LARGEST_STARTUP,
  type FirstPacket,
  type Startup,
} from './startup.ts'

const TLS_HANDSHAKE = 0x16
const LARGEST_SASL = 4096

export interface LoginOptions {
  readonly cancels: CancelKeys
  /** Keeps the salts of unknown logins the same from try to try. */
  readonly enumerationKey: Buffer
  /** True lets clients on this machine come without TLS. */
  readonly plaintextFromLoopback: boolean
}

/**
 * Speaks with a fresh connection up to and including AuthenticationOk: GSSENCRequest and SSLRequest, direct TLS, cancel
 * requests, the startup packet, SCRAM-SHA-256(-PLUS). See `Protocol.readLogin` for what it promises. Until the proof,
 * at most one startup packet or one SASL message is held beyond the socket's own buffer.
 */
export async function readLogin(
  socket: Duplex,
  remote: string,
  desk: LoginDesk,
  options: LoginOptions,
): Promise<PostgresClient | undefined> {
  // Failures show as reads that end; without a listener an error would end the process.
  socket.on('error', () => undefined)
  const timer = setTimeout(() => socket.destroy(), desk.timeoutMs)
  const door: Door = { socket, stream: socket, desk, options, remote }
  let login = ''
  try {
    const first = await firstPacket(door)
    if (first === undefined) return undefined
    const startup = readStartup(first)
    login = startup.user
    demandTls(door)
    const protocol = settleProtocol(door.stream, first, startup)
    const proven = await proveSecret(door, startup)
    if (proven) return new PostgresClient(door.stream, startup, remote, protocol)
    desk.failed(login, remote, 'wrong secret or unknown login')
    await closeWith(
      door.stream,
      fatal(SQLSTATE.invalidPassword, `password authentication failed for user "${login}"`),
    )
    return undefined
  } catch (cause) {
    desk.failed(login, remote, isFault(cause) ? cause.message : 'connection lost')
    await closeWith(door.stream, answerTo(cause))
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

interface Door {
  readonly socket: Duplex
  /** The socket, or TLS on it once that is up. */
  stream: Duplex
  readonly desk: LoginDesk
  readonly options: LoginOptions
  readonly remote: string
}

/** The client went away or was too slow: nothing is left to say to it. */
class Gone extends Error {}

const CODE_AT_LOGIN: Partial<Record<FaultCode, string>> = {
  'protocol.violation': SQLSTATE.protocolViolation,
  'input.invalid': SQLSTATE.invalidParameter,
}

function answerTo(cause: unknown): Buffer | undefined {
  if (cause instanceof Gone) return undefined
  if (!isFault(cause))
    return fatal('XX000', 'breakglass could not finish the login', 'Try again; the server log says why.')
  return fatal(CODE_AT_LOGIN[cause.code] ?? SQLSTATE.invalidAuthorization, cause.message, cause.next)
}

async function take(stream: Duplex, length: number): Promise<Buffer> {
  const bytes = await readExactly(stream, length)
  if (bytes === undefined) throw new Gone()
  return bytes
}

/** Answers encryption requests until the startup packet comes; undefined when the connection was a cancel request or said nothing. */
async function firstPacket(door: Door): Promise<(FirstPacket & { kind: 'startup' }) | undefined> {
  for (let round = 0; round < 4; round++) {
    const head = await readExactly(door.stream, 1)
    // A probe of a load balancer: connects and leaves.
    if (head === undefined) {
      door.socket.destroy()
      return undefined
    }
    if (head[0] === TLS_HANDSHAKE && round === 0) {
      door.stream.unshift(head)
      await startTls(door, true)
      continue
    }
    const length = Buffer.concat([head, await take(door.stream, 3)]).readInt32BE(0)
    if (length < 8 || length > LARGEST_STARTUP) {
      throw new Fault('protocol.violation', `a startup packet of ${length} bytes`, {
        next: `At most ${LARGEST_STARTUP} bytes are taken.`,
      })
    }
    const packet = decodeFirstPacket(await take(door.stream, length - 4))
    if (packet.kind === 'startup') return packet
    if (packet.kind === 'cancel') {
      await door.options.cancels.fire(packet.pid, packet.key)
      door.socket.destroy()
      return undefined
    }
    // What came after the request without waiting for the answer was sent in the clear by somebody (CVE-2021-23222).
    if (door.stream.readableLength > 0) {
      throw new Fault('protocol.violation', 'unencrypted data after an encryption request')
    }
    if (packet.kind === 'gss') door.stream.write('N')
    else await startTls(door, false)
  }
  throw new Fault('protocol.violation', 'too many encryption requests')
}

async function startTls(door: Door, direct: boolean): Promise<void> {
  if (door.stream !== door.socket) throw new Fault('protocol.violation', 'TLS inside TLS')
  if (!direct) door.socket.write('S')
  const secure = await acceptTls(door.socket, door.desk.tls, [ALPN])
  if (secure === undefined) throw new Gone()
  secure.on('error', () => undefined)
  door.stream = secure
  // Without the name another protocol's client could be made to speak with us (PostgreSQL 17, sslnegotiation=direct).
  if (direct && secure.alpnProtocol !== ALPN) throw new Gone()
}

function readStartup(packet: FirstPacket & { kind: 'startup' }): Startup {
  return checkStartup(packet.parameters)
}

function demandTls(door: Door): void {
  if (door.stream !== door.socket) return
  if (door.options.plaintextFromLoopback && (door.remote === '::1' || door.remote.startsWith('127.'))) return
  throw new Fault('session.refused', 'emergency access needs TLS', {
    next: 'Connect with sslmode=require, or sslmode=verify-full and the sslrootcert that `breakglass connect` sets.',
  })
}

/**
 * The version both sides speak from here on. A client is told when that is less than it asked for, or when it named options
 * nobody here knows; a client that asked for nothing more must not be told, libpq takes that for an error.
 */
function settleProtocol(
  stream: Duplex,
  packet: FirstPacket & { kind: 'startup' },
  { unknownOptions }: Startup,
): number {
  const asked = PROTOCOL_3_0 + packet.minor
  const spoken = Math.min(asked, PROTOCOL_3_2)
  if (spoken < asked || unknownOptions.length > 0) {
    stream.write(negotiateProtocolVersion(spoken, unknownOptions))
  }
  return spoken
}

/** The SCRAM exchange; true after AuthenticationOk was sent. */
async function proveSecret(door: Door, startup: Startup): Promise<boolean> {
  const { stream, desk, options } = door
  const certificate = stream instanceof TLSSocket ? stream.getCertificate() : null
  const raw = certificate && 'raw' in certificate ? (certificate.raw as Buffer) : undefined
  const endPoint = raw === undefined ? undefined : serverEndPoint(raw)
  const offered = endPoint === undefined ? [SCRAM] : [SCRAM_PLUS, SCRAM]
  stream.write(authenticationSasl(offered))

  const initial = new ByteReader(await saslMessage(stream))
  const mechanism = initial.cstring()
  if (!offered.includes(mechanism))
    throw new Fault('protocol.violation', 'the client chose a SASL mechanism that was not offered')
  const length = initial.int32()
  const clientFirst = length < 0 ? '' : initial.bytes(length).toString('utf8')
  initial.end()

  const known = await desk.verifier(startup.user)
  const verifier = known ?? madeUp(startup.user, options.enumerationKey)
  const challenge = scramChallenge(clientFirst, {
    mechanism,
    endPoint,
    verifier,
    nonce: randomBytes(18).toString('base64'),
  })
  stream.write(authenticationSaslContinue(challenge.reply))
  const final = challenge.finish((await saslMessage(stream)).toString('utf8'))
  if (final === undefined || known === undefined) return false
  stream.write(Buffer.concat([authenticationSaslFinal(final), authenticationOk()]))
  return true
}

async function saslMessage(stream: Duplex): Promise<Buffer> {
  const header = await take(stream, 5)
  const length = header.readInt32BE(1)
  if (header[0] !== FRONTEND.password || length < 4 || length > LARGEST_SASL) {
    throw new Fault('protocol.violation', 'expected a SASL response')
  }
  return take(stream, length - 4)
}

/** For a login nobody was given: looks like a real verifier, is the same at every try, and fits no secret. */
function madeUp(login: string, key: Buffer): ScramVerifier {
  const part = (what: string) => createHmac('sha256', key).update(`${what}:${login}`).digest()
  return {
    salt: part('salt').subarray(0, SCRAM_SHAPE.saltBytes),
    iterations: SCRAM_SHAPE.iterations,
    storedKey: part('stored'),
    serverKey: part('server'),
  }
}
