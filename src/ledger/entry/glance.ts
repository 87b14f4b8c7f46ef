import { ENTRY_LIMIT, type EntryFields } from './entry.ts'

/** What a verifier needs of every entry. */
export type Glance = Pick<EntryFields, 'src' | 'sseq' | 'sprev' | 'type' | 't'> & {
  readonly hasCommit: boolean
}

const name = (text: string): Buffer => Buffer.from(text)
/** The names in the order RFC 8785 sorts them, as they stand between the values. */
const NAME = {
  boot: name('{"boot":'),
  commit: name(',"commit":"'),
  data: name(',"data":'),
  id: name(',"id":'),
  mono: name(',"mono":'),
  outcome: name(',"outcome":'),
  sprev: name(',"sprev":"'),
  src: name(',"src":'),
  sseq: name(',"sseq":'),
  subject: name(',"subject":'),
  t: name(',"t":'),
  target: name(',"target":'),
  type: name(',"type":'),
  end: name(',"v":1}'),
} as const
const [TRUE, FALSE, NULL] = [name('true'), name('false'), name('null')]

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c
const [ZERO, NINE, MINUS, PLUS, DOT, EXPONENT] = [0x30, 0x39, 0x2d, 0x2b, 0x2e, 0x65]
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d]
const HASH_DIGITS = 64
/** More digits may be more than a double holds exactly. */
const SURE_DIGITS = 15
const DEEPEST = 32

/**
 * Reads what a verifier needs without making the values, and only where the bytes are beyond doubt those that `encodeEntry`
 * writes: ASCII without escapes, names in order. Undefined does not mean that they are not an entry: ask `decodeEntry` then.
 */
export class GlanceReader {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  /** Where the last string or hash was found. */
  #from = 0
  #to = 0

  read(entry: Buffer): Glance | undefined {
    if (entry.length > ENTRY_LIMIT) return undefined
    this.#bytes = entry
    this.#at = 0
    if (!this.#take(NAME.boot) || !this.#string()) return undefined
    const hasCommit = this.#take(NAME.commit)
    if (hasCommit && !this.#hash()) return undefined
    // An empty object is left out.
    if (this.#take(NAME.data) && (this.#bytes[this.#at + 1] === CLOSE_OBJECT || !this.#object(0)))
      return undefined
    if (!this.#take(NAME.id) || !this.#string()) return undefined
    if (!this.#take(NAME.mono) || !this.#number()) return undefined
    if (this.#take(NAME.outcome) && !this.#string()) return undefined
    const hasPrevious = this.#take(NAME.sprev)
    if (hasPrevious && !this.#hash()) return undefined
    const sprev = hasPrevious ? this.#text() : undefined
    if (!this.#take(NAME.src) || !this.#string()) return undefined
    const src = this.#text()
    if (!this.#take(NAME.sseq)) return undefined
    const sseq = this.#whole()
    if (this.#take(NAME.subject) && !this.#string()) return undefined
    if (!this.#take(NAME.t)) return undefined
    const t = this.#whole()
    if (this.#take(NAME.target) && !this.#string()) return undefined
    if (!this.#take(NAME.type) || !this.#string()) return undefined
    const type = this.#text()
    if (sseq < 0 || t < 0 || !this.#take(NAME.end) || this.#at !== entry.length) return undefined
    return { src, sseq, sprev, type, t, hasCommit }
  }

  /** Goes behind `wanted`, when that is what comes next. */
  #take(wanted: Buffer): boolean {
    const bytes = this.#bytes
    for (let i = 0; i < wanted.length; i += 1) if (bytes[this.#at + i] !== wanted[i]) return false
    this.#at += wanted.length
    return true
  }

  #text(): string {
    return this.#bytes.toString('latin1', this.#from, this.#to)
  }

  #string(): boolean {
    const bytes = this.#bytes
    if (bytes[this.#at] !== QUOTE) return false
    let at = this.#at + 1
    const from = at
    for (;;) {
      const byte = bytes[at]
      if (byte === QUOTE) break
      if (byte === undefined || byte < 0x20 || byte > 0x7f || byte === BACKSLASH) return false
      at += 1
    }
    this.#from = from
    this.#to = at
    this.#at = at + 1
    return true
  }

  /** 64 lower-case digits and the quote behind them. */
  #hash(): boolean {
    const bytes = this.#bytes
    const to = this.#at + HASH_DIGITS
    for (let at = this.#at; at < to; at += 1) {
      const byte = bytes[at] ?? 0
      if (!((byte >= ZERO && byte <= NINE) || (byte >= 0x61 && byte <= 0x66))) return false
    }
    if (bytes[to] !== QUOTE) return false
    this.#from = this.#at
    this.#to = to
    this.#at = to + 1
    return true
  }

  /** A whole number that is not negative; -1 when there is none beyond doubt. */
  #whole(): number {
    const bytes = this.#bytes
    const from = this.#at
    let value = 0
    for (let byte = bytes[this.#at]; byte !== undefined && byte >= ZERO && byte <= NINE; ) {
      value = value * 10 + (byte - ZERO)
      this.#at += 1
      byte = bytes[this.#at]
    }
    const digits = this.#at - from
    if (digits === 0 || digits > SURE_DIGITS || (digits > 1 && bytes[from] === ZERO)) return -1
    return value
  }

  /** Any number as RFC 8785 §3.2.2.3 writes it, which is how JavaScript does. */
  #number(): boolean {
    const bytes = this.#bytes
    const from = this.#at
    if (this.#whole() >= 0 && !isInNumber(bytes[this.#at])) return true
    this.#at = from
    while (isInNumber(bytes[this.#at])) this.#at += 1
    const text = bytes.toString('latin1', from, this.#at)
    return text !== '' && String(Number(text)) === text
  }

  #value(depth: number): boolean {
    switch (this.#bytes[this.#at]) {
      case QUOTE:
        return this.#string()
      case OPEN_OBJECT:
        return this.#object(depth)
      case OPEN_ARRAY:
        return this.#array(depth)
      case TRUE[0]:
        return this.#take(TRUE)
      case FALSE[0]:
        return this.#take(FALSE)
      case NULL[0]:
        return this.#take(NULL)
      default:
        return this.#number()
    }
  }

  #array(depth: number): boolean {
    if (depth > DEEPEST) return false
    this.#at += 1
    if (this.#bytes[this.#at] === CLOSE_ARRAY) {
      this.#at += 1
      return true
    }
    for (;;) {
      if (!this.#value(depth + 1)) return false
      const byte = this.#bytes[this.#at]
      this.#at += 1
      if (byte === CLOSE_ARRAY) return true
      if (byte !== COMMA) return false
    }
  }

  #object(depth: number): boolean {
    const bytes = this.#bytes
    if (depth > DEEPEST || bytes[this.#at] !== OPEN_OBJECT) return false
    this.#at += 1
    if (bytes[this.#at] === CLOSE_OBJECT) {
      this.#at += 1
      return true
    }
    let from = -1
    let to = -1
    for (;;) {
      if (!this.#string()) return false
      if (from >= 0 && !this.#rises(from, to)) return false
      from = this.#from
      to = this.#to
      if (bytes[this.#at] !== COLON) return false
      this.#at += 1
      if (!this.#value(depth + 1)) return false
      const byte = bytes[this.#at]
      this.#at += 1
      if (byte === CLOSE_OBJECT) return true
      if (byte !== COMMA) return false
    }
  }

  /** Whether the name just read comes behind the one that stands from `from` to `to`: names are sorted, and differ. */
  #rises(from: number, to: number): boolean {
    const bytes = this.#bytes
    let at = this.#from
    for (let before = from; before < to; before += 1, at += 1) {
      if (at === this.#to) return false
      const [a, b] = [bytes[before] as number, bytes[at] as number]
      if (a !== b) return a < b
    }
    return at < this.#to
  }
}

function isInNumber(byte: number | undefined): boolean {
  if (byte === undefined) return false
  return (
    (byte >= ZERO && byte <= NINE) || byte === DOT || byte === MINUS || byte === PLUS || byte === EXPONENT
  )
}
