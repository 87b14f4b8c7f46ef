import { Fault } from '../../../kernel/faults.ts'
import { ByteReader } from '../../../wire/byte-reader.ts'
import { CANCEL_KEY, REQUEST } from '../messages/messages.ts'

/** A server takes at most this much as a first packet (MAX_STARTUP_PACKET_LENGTH). */
export const LARGEST_STARTUP = 10_000

export type FirstPacket =
  | { readonly kind: 'ssl' }
  | { readonly kind: 'gss' }
  | { readonly kind: 'cancel'; readonly pid: number; readonly key: Buffer }
  | { readonly kind: 'startup'; readonly minor: number; readonly parameters: ReadonlyMap<string, string> }

/** Reads the body of a first packet (without its length). Throws Fault `protocol.violation`. */
export function decodeFirstPacket(body: Buffer): FirstPacket {
  const fields = new ByteReader(body)
  const code = fields.int32()
  if (code === REQUEST.ssl || code === REQUEST.gssEncryption) {
    fields.end()
    return { kind: code === REQUEST.ssl ? 'ssl' : 'gss' }
  }
  if (code === REQUEST.cancel) {
    const pid = fields.int32()
    const { remaining } = fields
    if (remaining < CANCEL_KEY.shortest || remaining > CANCEL_KEY.longest) {
      throw new Fault('protocol.violation', `a cancel key of ${remaining} bytes`)
    }
    return { kind: 'cancel', pid, key: fields.bytes(remaining) }
  }
  if (code >> 16 !== 3) {
    throw new Fault('protocol.violation', `unsupported frontend protocol ${code >> 16}.${code & 0xffff}`)
  }
  const parameters = new Map<string, string>()
  for (;;) {
    const name = fields.cstring()
    if (name === '') break
    if (parameters.has(name)) throw new Fault('protocol.violation', `startup parameter ${show(name)} twice`)
    parameters.set(name, fields.cstring())
  }
  fields.end()
  return { kind: 'startup', minor: code & 0xffff, parameters }
}

/** A client's login, checked: literal values, no line breaks, nothing that changes how statements are read. */
export interface Startup {
  readonly user: string
  /** Empty when the client named none. */
  readonly database: string
  readonly application: string
  /** What is passed on to the target as the client's own choice. */
  readonly settings: Readonly<Record<string, string>>
  /** Protocol options (`_pq_.…`) we do not know; the client is told so. */
  readonly unknownOptions: readonly string[]
}

/**
 * Parameters a client may set at its start, lower case; values go on as literals. None changes how a statement is
 * parsed or who it runs as. Others are refused by name, so that nobody believes a setting that was dropped.
 */
const FORWARDED = new Set([
  'datestyle',
  'timezone',
  'intervalstyle',
  'extra_float_digits',
  'client_min_messages',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'geqo',
  'bytea_output',
  'default_transaction_read_only',
  'default_transaction_isolation',
  'jit',
])

const LONGEST_NAME = 256
const LONGEST_VALUE = 1024

/** Fault `input.invalid` whose message and `next` are for the person at the client. */
export function checkStartup(parameters: ReadonlyMap<string, string>): Startup {
  const settings: Record<string, string> = {}
  const unknownOptions: string[] = []
  let user = ''
  let database = ''
  let application = ''
  for (const [name, value] of parameters) {
    clean(name, value)
    const key = name.toLowerCase()
    if (key === 'user') user = value
    else if (key === 'database') database = value
    else if (key === 'application_name') application = value
    else if (key === 'options') Object.assign(settings, optionSettings(value))
    else if (key === 'replication') checkReplication(value)
    else if (key.startsWith('_pq_.')) unknownOptions.push(name)
    else addSetting(settings, key, value)
  }
  if (user === '') {
    throw new Fault('input.invalid', 'no user name in the startup packet', {
      next: 'Connect as the login that `breakglass open` printed.',
    })
  }
  return { user, database, application, settings, unknownOptions }
}

function clean(name: string, value: string): void {
  if (name.length > LONGEST_NAME || value.length > LONGEST_VALUE) {
    throw new Fault('input.invalid', `startup parameter ${show(name)} is too long`, {
      next: `At most ${LONGEST_VALUE} characters are taken.`,
    })
  }
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is refused
  if (/[\u0000-\u001f\u007f\ufffd]/.test(name + value)) {
    throw new Fault(
      'input.invalid',
      `startup parameter ${show(name)} has a control character or is not UTF-8`,
      {
        next: 'Remove line breaks and other control characters.',
      },
    )
  }
}

function addSetting(settings: Record<string, string>, key: string, value: string): void {
  if (key === 'client_encoding') return pinned(key, value, ['utf8', 'unicode'])
  if (key === 'standard_conforming_strings') return pinned(key, value, ['on', 'true', 'yes', '1'])
  if (!FORWARDED.has(key)) {
    throw new Fault('input.invalid', `startup parameter ${show(key)} is not passed on`, {
      next: 'Leave it out of the connection settings; what the session may change, SET changes after connecting.',
    })
  }
  settings[key] = value
}

/** How statements are read is fixed for a session, or what was judged would not be what runs (DESIGN §4). */
function pinned(key: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))) return
  throw new Fault('input.invalid', `${key} is fixed to ${allowed[0]} in emergency sessions`, {
    next: key === 'client_encoding' ? 'Set PGCLIENTENCODING=UTF8.' : `Leave ${key} out.`,
  })
}

function checkReplication(value: string): void {
  if (['', 'false', 'off', 'no', '0'].includes(value.toLowerCase())) return
  throw new Fault('input.invalid', 'replication connections are not part of emergency access', {
    next: 'Connect without the replication parameter.',
  })
}

/** `-c name=value` and `--name=value` as the server splits them: by white space, a backslash takes the next character literally. */
function optionSettings(options: string): Record<string, string> {
  const words: string[] = []
  let word: string | undefined
  for (let i = 0; i < options.length; i++) {
    const letter = options.charAt(i)
    if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + (letter === '\\' ? options.charAt(++i) : letter)
    }
  }
  if (word !== undefined) words.push(word)

  const settings: Record<string, string> = {}
  for (let i = 0; i < words.length; i++) {
    const each = words[i] ?? ''
    const text =
      each === '-c' ? (words[++i] ?? '') : each.startsWith('-c') || each.startsWith('--') ? each.slice(2) : ''
    const equals = text.indexOf('=')
    if (equals < 1) {
      throw new Fault('input.invalid', `option ${show(each)} is not passed on`, {
        next: 'Only -c name=value is understood in PGOPTIONS.',
      })
    }
    addSetting(settings, text.slice(0, equals).toLowerCase().replaceAll('-', '_'), text.slice(equals + 1))
  }
  return settings
}

/** A name from outside, fit to be printed. */
function show(name: string): string {
  return JSON.stringify(name.slice(0, 64))
}
