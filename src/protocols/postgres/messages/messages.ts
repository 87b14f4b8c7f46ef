/**
 * Message tags of the frontend/backend protocol 3 (PostgreSQL documentation, "Message Formats"). A tag means different
 * things by direction, hence two tables.
 */
const code = (letter: string): number => letter.charCodeAt(0)

export const FRONTEND = {
  bind: code('B'),
  close: code('C'),
  copyData: code('d'),
  copyDone: code('c'),
  copyFail: code('f'),
  describe: code('D'),
  execute: code('E'),
  flush: code('H'),
  functionCall: code('F'),
  parse: code('P'),
  password: code('p'),
  query: code('Q'),
  sync: code('S'),
  terminate: code('X'),
} as const

export const BACKEND = {
  authentication: code('R'),
  backendKeyData: code('K'),
  bindComplete: code('2'),
  closeComplete: code('3'),
  commandComplete: code('C'),
  copyBothResponse: code('W'),
  copyData: code('d'),
  copyDone: code('c'),
  copyInResponse: code('G'),
  copyOutResponse: code('H'),
  dataRow: code('D'),
  emptyQuery: code('I'),
  error: code('E'),
  functionCallResponse: code('V'),
  negotiateProtocolVersion: code('v'),
  noData: code('n'),
  notice: code('N'),
  notification: code('A'),
  parameterDescription: code('t'),
  parameterStatus: code('S'),
  parseComplete: code('1'),
  portalSuspended: code('s'),
  readyForQuery: code('Z'),
  rowDescription: code('T'),
} as const

/** Codes in place of a protocol version in the first packet. */
export const REQUEST = {
  cancel: 80877102,
  ssl: 80877103,
  gssEncryption: 80877104,
} as const

export const PROTOCOL_3_0 = 196608
/** PostgreSQL 18. Differs from 3.0 in the length of cancel keys only; no server ever spoke 3.1. */
export const PROTOCOL_3_2 = 196610

/** The protocol's name in TLS (IANA ALPN registry); direct TLS demands it, elsewhere it keeps other protocols' servers out. */
export const ALPN = 'postgresql'

/** Bytes of a cancel key in protocol 3.2 ("BackendKeyData"); before, always four. */
export const CANCEL_KEY = { shortest: 4, longest: 256 } as const

/** Codes of AuthenticationXxx. */
export const AUTHENTICATION = {
  ok: 0,
  cleartext: 3,
  md5: 5,
  sasl: 10,
  saslContinue: 11,
  saslFinal: 12,
} as const

/** Transaction status in ReadyForQuery. */
export const STATUS = { idle: code('I'), inTransaction: code('T'), failed: code('E') } as const

/** What the server allows itself: MaxAllocSize of PostgreSQL. */
export const LARGEST_MESSAGE = 0x3fffffff
