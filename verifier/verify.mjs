// Verifies a breakglass evidence bundle. One file, nothing to install, no network: Node 20.12 or later, or a browser.
//
//   node verify.mjs BUNDLE --policy POLICY [--json]
//
// Exit: 0 it holds and is complete, 1 something in it is wrong, 2 it was asked wrongly, 4 it holds but is not complete.
//
// Written apart from the one in breakglass, to be read: the format is described in HOWTO.md. Only Ed25519 comes from the platform
// (WebCrypto) and the unpacking (DecompressionStream); both are standard in Node and browsers.

const FORMAT = 'breakglass.evidence/1'
const LOGS = ['control', 'sessions']
const PART_FILES = ['checkpoint', 'entries.txt', 'payloads.txt', 'proof.txt']
const PLAIN_FILES = ['manifest.json', 'policy.txt', 'HOWTO.md', 'verify.mjs', 'verify.html']
const LAST_EVENTS = ['grant.closed', 'grant.denied', 'grant.withdrawn', 'grant.lapsed']
const NEVER_PROVEN = [
  'Who a pseudonym (p_…) stands for: the organisation says.',
  'That what was written down was true when it was written: whoever runs gateway and signer can lie about what is new. Old entries they cannot change without showing.',
  'That nothing happened past the gateway.',
  'When the bundle was made, and by which software: its manifest only says so.',
]

// ---------------------------------------------------------------------------------------------------------------- bytes

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8')
const latin1 = bytes => Array.from(bytes, byte => String.fromCharCode(byte)).join('')
const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
const unhex = text => Uint8Array.from(text.match(/../g) ?? [], pair => Number.parseInt(pair, 16))

function same(a, b) {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function join(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** RFC 4648 §4, padding in place and no stray bits; undefined otherwise. */
function unbase64(text) {
  try {
    const binary = atob(text)
    return btoa(binary) === text ? Uint8Array.from(binary, c => c.charCodeAt(0)) : undefined
  } catch {
    return undefined
  }
}

/** CRC-32 of the zip format (APPNOTE 4.4.7), chunk by chunk. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c
})
function crc32(bytes, before = 0) {
  let crc = ~before
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8)
  return ~crc >>> 0
}

// --------------------------------------------------------------------------------------------------- SHA-256 (FIPS 180-4)

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes, and of the square roots of the first 8.
const PRIMES = (() => {
  const found = []
  for (let n = 2; found.length < 64; n++) if (found.every(p => n % p !== 0)) found.push(n)
  return found
})()
const fraction = root => ((root - Math.floor(root)) * 2 ** 32) | 0
const K = Int32Array.from(PRIMES, p => fraction(Math.cbrt(p)))
const START = Int32Array.from(PRIMES.slice(0, 8), p => fraction(Math.sqrt(p)))

/** WebCrypto hashes only what is in memory as a whole; a file of a bundle need not be. */
class Sha256 {
  #state = START.slice()
  #block = new Uint8Array(64)
  #filled = 0
  #length = 0
  #words = new Int32Array(64)

  update(bytes) {
    this.#length += bytes.length
    let at = 0
    if (this.#filled > 0) {
      at = Math.min(64 - this.#filled, bytes.length)
      this.#block.set(bytes.subarray(0, at), this.#filled)
      this.#filled += at
      if (this.#filled < 64) return this
      this.#mix(this.#block, 0)
      this.#filled = 0
    }
    for (; at + 64 <= bytes.length; at += 64) this.#mix(bytes, at)
    this.#block.set(bytes.subarray(at))
    this.#filled = bytes.length - at
    return this
  }

  digest() {
    const bits = this.#length * 8
    const padding = new Uint8Array((this.#filled < 56 ? 56 : 120) - this.#filled + 8)
    padding[0] = 0x80
    const view = new DataView(padding.buffer)
    view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32))
    view.setUint32(padding.length - 4, bits >>> 0)
    this.update(padding)
    const out = new DataView(new ArrayBuffer(32))
    for (let i = 0; i < 8; i++) out.setInt32(i * 4, this.#state[i])
    return new Uint8Array(out.buffer)
  }

  #mix(bytes, from) {
    const w = this.#words
    const s = this.#state
    for (let i = 0, at = from; i < 16; i++, at += 4)
      w[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15]
      const y = w[i - 2]
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0
    }
    let [a, b, c, d, e, f, g, h] = s
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + t1) | 0
      d = c
      c = b
      b = a
      a = (t1 + t2) | 0
    }
    s[0] += a
    s[1] += b
    s[2] += c
    s[3] += d
    s[4] += e
    s[5] += f
    s[6] += g
    s[7] += h
  }
}

function sha256(...parts) {
  const hash = new Sha256()
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** RFC 2104, for a key of at most 64 bytes. */
function hmac(key, text) {
  const pad = byte => Uint8Array.from({ length: 64 }, (_, i) => byte ^ (key[i] ?? 0))
  return sha256(pad(0x5c), sha256(pad(0x36), text))
}

// -------------------------------------------------------------------------------------- Merkle tree (RFC 6962 §2.1)

const leafHash = entry => sha256(Uint8Array.of(0), entry)
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right)

function splitPoint(size) {
  let half = 1
  while (half * 2 < size) half *= 2
  return half
}

/** The root from the leaves at `indexes` and the hashes of all largest subtrees that hold none of them, left to right. */
function rootOfMany(indexes, leaves, size, proof) {
  let used = 0
  let next = 0
  const walk = (low, high) => {
    if (next >= indexes.length || indexes[next] >= high) return proof[used++]
    if (high - low === 1) return leaves[next++]
    const middle = low + splitPoint(high - low)
    const left = walk(low, middle)
    const right = walk(middle, high)
    return left && right && nodeHash(left, right)
  }
  const root = size > 0 ? walk(0, size) : undefined
  return used === proof.length && next === indexes.length ? root : undefined
}

/** RFC 9162 §2.1.3.2. */
function rootOfOne(leaf, index, size, path) {
  let hash = leaf
  let at = index
  let last = size - 1
  for (const other of path) {
    if (last === 0) return undefined
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(other, hash)
      while (at % 2 === 0 && at !== 0) {
        at /= 2
        last = Math.floor(last / 2)
      }
    } else hash = nodeHash(hash, other)
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 ? hash : undefined
}

// ---------------------------------------------------------------- keys, policies, notes (c2sp.org: signed-note, tlog-policy)

const LOG_KEY = 1
const WITNESS_KEY = 4

function parseKey(text) {
  const [name, id, ...rest] = text.split('+')
  const key = unbase64(rest.join('+'))
  if (!name || /[\s\p{Z}\p{Cc}]/u.test(name) || key === undefined || key.length < 2) return undefined
  if (hex(sha256(encoder.encode(`${name}\n`), key).subarray(0, 4)) !== id) return undefined
  return { name, id, type: key[0], raw: key.subarray(1), text }
}

/** Throws with the line that is wrong: a policy is never half obeyed. */
export function parsePolicy(bytes) {
  const lines = decoder.decode(bytes).split('\n')
  if (lines.pop() !== '') throw new Error('the policy does not end with a newline')
  const logs = []
  const witnesses = []
  const members = new Map()
  const grouped = new Set()
  const keys = new Set()
  let quorum
  const wrong = n => {
    throw new Error(`the policy cannot be read: line ${n + 1}: ${lines[n].slice(0, 80)}`)
  }
  const define = (n, name, member) => {
    if (name === undefined || name === 'none' || members.has(name)) wrong(n)
    members.set(name, member)
  }
  const keyOf = (n, text, other) => {
    const key = parseKey(text ?? '')
    if (key === undefined || key.type === other) wrong(n)
    const raw = `${other} ${hex(key.raw)}`
    if (keys.has(raw)) wrong(n)
    keys.add(raw)
    return key
  }
  for (const [n, line] of lines.entries()) {
    // oxlint-disable-next-line no-control-regex -- these are what it looks for
    if (/[\x00-\x08\x0b-\x1f\x7f]/.test(line)) wrong(n)
    const [word, ...items] = line.split(/[ \t]+/).filter(item => item !== '')
    if (word === undefined || word.startsWith('#')) continue
    if (word === 'log' && items.length <= 2) logs.push(keyOf(n, items[0], WITNESS_KEY))
    else if (word === 'witness' && items.length >= 2 && items.length <= 3) {
      const witness = { name: items[0], key: keyOf(n, items[1], LOG_KEY) }
      define(n, items[0], witness)
      witnesses.push(witness)
    } else if (word === 'group' && items.length >= 3) {
      const [name, wanted, ...names] = items
      const found = names.map(one => {
        if (one === name || grouped.has(one) || !members.has(one)) wrong(n)
        grouped.add(one)
        return members.get(one)
      })
      const needed =
        wanted === 'any'
          ? 1
          : wanted === 'all'
            ? names.length
            : /^[1-9]\d{0,8}$/.test(wanted)
              ? Number(wanted)
              : 0
      if (needed < 1 || needed > names.length) wrong(n)
      define(n, name, { needed, members: found })
    } else if (word === 'quorum' && items.length === 1 && quorum === undefined) {
      quorum = items[0] === 'none' ? 'none' : members.get(items[0])
      if (quorum === undefined) wrong(n)
    } else wrong(n)
  }
  if (quorum === undefined) throw new Error('the policy has no quorum line')
  return { logs, witnesses, quorum }
}

async function verifies(raw, signature, message) {
  const key = await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify'])
  return crypto.subtle.verify('Ed25519', key, signature, message)
}

/** The checkpoint when the policy believes it; a sentence otherwise. */
async function trusted(note, policy) {
  const split = note.lastIndexOf('\n\n')
  // oxlint-disable-next-line no-control-regex -- these are what it looks for
  if (split < 0 || !note.endsWith('\n') || /[\x00-\x09\x0b-\x1f]/.test(note))
    return 'it is no signed checkpoint'
  const text = note.slice(0, split + 1)
  const signatures = []
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const [, name, blob] = /^— (\S+) (\S+)$/u.exec(line) ?? []
    const bytes = unbase64(blob ?? '')
    if (name === undefined || bytes === undefined || bytes.length <= 4) return 'it is no signed checkpoint'
    signatures.push({ name, id: hex(bytes.subarray(0, 4)), bytes: bytes.subarray(4) })
  }
  const [origin, sizeText, rootText] = text.split('\n')
  const root = unbase64(rootText ?? '')
  const size = Number(sizeText)
  if (
    !origin ||
    !/^(0|[1-9]\d{0,15})$/.test(sizeText ?? '') ||
    !Number.isSafeInteger(size) ||
    root?.length !== 32
  )
    return 'it is no signed checkpoint'
  const of = key => signatures.filter(one => one.name === key.name && one.id === key.id)

  const signed = policy.logs.filter(key => key.type === LOG_KEY && key.name === origin && of(key).length > 0)
  if (signed.length === 0) return `no log of the policy signed as ${JSON.stringify(origin)}`
  const body = encoder.encode(text)
  for (const key of signed)
    for (const { bytes } of of(key))
      if (bytes.length !== 64 || !(await verifies(key.raw, bytes, body)))
        return `the signature of the log ${origin} does not verify`
  const seen = new Map()
  for (const witness of policy.witnesses) {
    if (witness.key.type !== WITNESS_KEY) continue
    for (const { bytes } of of(witness.key)) {
      const time =
        bytes.length === 72 ? new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0) : undefined
      const message = encoder.encode(`cosignature/v1\ntime ${time}\n${text}`)
      if (
        time === undefined ||
        time > BigInt(Number.MAX_SAFE_INTEGER) ||
        !(await verifies(witness.key.raw, bytes.subarray(8), message))
      )
        return `a cosignature of the witness ${witness.name} does not verify`
      seen.set(witness, Math.max(Number(time), seen.get(witness) ?? 0))
    }
  }
  const enough = wanted =>
    wanted === 'none' ||
    (wanted.members ? wanted.members.filter(enough).length >= wanted.needed : seen.has(wanted))
  if (!enough(policy.quorum)) return 'cosignatures are missing: the quorum of the policy is not reached'
  return { origin, size, root, witnesses: [...seen].map(([{ name }, time]) => ({ name, time })) }
}

// ---------------------------------------------------------------- the archive (APPNOTE 6.3, in the one form bundles have)

class Refusal extends Error {
  constructor(file, what) {
    super(what)
    this.file = file
  }
}

/** Little-endian fields: [bytes, value] pairs. */
function record(...fields) {
  const bytes = []
  for (const [length, value] of fields)
    for (let i = 0; i < length; i++) bytes.push(Math.floor(value / 256 ** i) % 256)
  return Uint8Array.from(bytes)
}
const little = (bytes, at, length) => {
  let value = 0
  for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[at + i]
  return value
}

const HEAD = [
  [2, 20],
  [2, 0x0808],
  [2, 8],
  [2, 0],
  [2, 0x0021],
]
const localHeader = name =>
  join(record([4, 0x04034b50], ...HEAD, [12, 0], [2, name.length], [2, 0]), encoder.encode(name))
const descriptor = ({ crc, packed, bytes }) => record([4, 0x08074b50], [4, crc], [4, packed], [4, bytes])
const central = ({ name, crc, packed, bytes, offset }) =>
  join(
    record(
      [4, 0x02014b50],
      [2, 20],
      ...HEAD,
      [4, crc],
      [4, packed],
      [4, bytes],
      [2, name.length],
      [12, 0],
      [4, offset],
    ),
    encoder.encode(name),
  )
const endRecord = (count, length, begin) =>
  record([4, 0x06054b50], [4, 0], [2, count], [2, count], [4, length], [4, begin], [2, 0])

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/

/** Every byte outside the packed contents must be the one that names, sizes and sums demand. */
async function readZip(source) {
  if (source.size < 22) throw new Refusal('', 'the file is too short to be a bundle')
  const end = await source.read(source.size - 22, 22)
  const count = little(end, 10, 2)
  const length = little(end, 12, 4)
  const begin = little(end, 16, 4)
  if (!same(end, endRecord(count, length, begin)))
    throw new Refusal('', 'the file does not end as a bundle does: it was cut, or something follows it')
  if (begin + length + 22 !== source.size)
    throw new Refusal('', 'there are bytes that belong to no file of the bundle')
  if (count > 4096 || length > 4096 * 246) throw new Refusal('', 'a bundle has at most 4096 files')
  const directory = await source.read(begin, length)
  const members = new Map()
  let at = 0
  let next = 0
  for (let n = 0; n < count; n++) {
    if (at + 46 > length) throw new Refusal('', 'its list of files is cut')
    const nameLength = little(directory, at + 28, 2)
    const name = latin1(directory.subarray(at + 46, at + 46 + nameLength))
    if (nameLength > 200 || !NAME.test(name))
      throw new Refusal('', 'a file has a name that no file of a bundle has')
    const [crc, packed, bytes] = [16, 20, 24].map(field => little(directory, at + field, 4))
    const member = { name, crc, packed, bytes, offset: little(directory, at + 42, 4) }
    if (!same(directory.subarray(at, at + 46 + nameLength), central(member)))
      throw new Refusal(name, 'its place in the list of files is not as a bundle has it')
    if (members.has(name)) throw new Refusal(name, 'there are two files of this name')
    if (member.offset !== next) throw new Refusal(name, 'it does not begin where the file before it ends')
    const head = localHeader(name)
    member.from = member.offset + head.length
    const framed =
      same(await source.read(member.offset, head.length), head) &&
      same(await source.read(member.from + packed, 16), descriptor(member))
    if (!framed) throw new Refusal(name, 'what frames it in the archive is not as a bundle has it')
    members.set(name, member)
    at += 46 + nameLength
    next = member.from + packed + 16
  }
  if (at !== length) throw new Refusal('', 'its list of files holds more than it says')
  if (next !== begin) throw new Refusal('', 'there are bytes that belong to no file of the bundle')
  return members
}

/** The contents as they are unpacked: never more than the archive said, whatever it was packed from. */
async function* unpack(source, { name, from, packed, bytes, crc }) {
  const unpacking = new DecompressionStream('deflate-raw')
  const writer = unpacking.writable.getWriter()
  const feeding = (async () => {
    for (let at = 0; at < packed; at += 65536)
      await writer.write(await source.read(from + at, Math.min(65536, packed - at)))
    await writer.close()
  })()
  feeding.catch(() => undefined)
  const reader = unpacking.readable.getReader()
  let seen = 0
  let sum = 0
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new Refusal(name, 'its packed bytes are damaged')
      })
      if (done) break
      seen += value.length
      if (seen > bytes) break
      sum = crc32(value, sum)
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
    await writer.abort().catch(() => undefined)
  }
  if (seen !== bytes || sum !== crc) throw new Refusal(name, 'its bytes are not those that were packed')
}

// ---------------------------------------------------------------------------------------------------------- the bundle

const LONGEST_LINE = 300 * 1024

/** Reads members, each once, and compares them with the manifest on the way. What is wrong becomes a finding. */
class Files {
  constructor(source, members, findings, onBytes) {
    this.source = source
    this.members = members
    this.findings = findings
    this.unread = new Set(members.keys())
    this.onBytes = onBytes
  }

  /** Throws Refusal where it cannot be read on. */
  async *chunks(name) {
    const member = this.members.get(name)
    if (member === undefined) throw new Refusal(name, 'it is missing')
    this.unread.delete(name)
    const hash = new Sha256()
    for await (const chunk of unpack(this.source, member)) {
      hash.update(chunk)
      this.onBytes(chunk.length)
      yield chunk
    }
    const listed = this.manifest?.files[name]
    if (listed && (listed.bytes !== member.bytes || listed.sha256 !== hex(hash.digest())))
      this.findings.push({ file: name, what: 'it is not the file that the manifest lists' })
  }

  async whole(name, most) {
    const parts = []
    let length = 0
    try {
      for await (const chunk of this.chunks(name)) {
        length += chunk.length
        if (length > most) throw new Refusal(name, `it is larger than such a file can be (${most} bytes)`)
        parts.push(chunk)
      }
    } catch (error) {
      this.refused(error)
      return undefined
    }
    return join(...parts)
  }

  async *lines(name) {
    let rest = new Uint8Array(0)
    try {
      for await (const chunk of this.chunks(name)) {
        const bytes = rest.length === 0 ? chunk : join(rest, chunk)
        let from = 0
        for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
          yield bytes.subarray(from, end)
          from = end + 1
        }
        rest = bytes.slice(from)
        if (rest.length > LONGEST_LINE) throw new Refusal(name, 'a line is longer than any of a bundle')
      }
      if (rest.length > 0) throw new Refusal(name, 'the last line has no end')
    } catch (error) {
      this.refused(error)
    }
  }

  refused(error) {
    if (!(error instanceof Refusal)) throw error
    this.findings.push({ file: error.file, what: error.message })
  }
}

/** RFC 8785 of what JSON.parse gave. */
function jcs(value) {
  if (Array.isArray(value)) return `[${value.map(jcs).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map(key => `${JSON.stringify(key)}:${jcs(value[key])}`).join(',')}}`
}

const isCount = value => Number.isSafeInteger(value) && value >= 0

function parseManifest(bytes) {
  try {
    const manifest = JSON.parse(decoder.decode(bytes))
    const { of, files, format, made, software } = manifest
    const { kind } = of
    const known =
      (kind === 'grant' && typeof of.grant === 'string' && jcs(of) === jcs({ kind, grant: of.grant })) ||
      (kind === 'session' &&
        typeof of.session === 'string' &&
        jcs(of) === jcs({ kind, session: of.session })) ||
      (kind === 'range' &&
        isCount(of.from) &&
        isCount(of.to) &&
        jcs(of) === jcs({ kind, from: of.from, to: of.to }))
    const listed = Object.values(files).every(
      one => isCount(one.bytes) && /^[0-9a-f]{64}$/.test(one.sha256) && Object.keys(one).length === 2,
    )
    const whole = jcs(manifest) === jcs({ files, format, made, of, software })
    if (format !== FORMAT || !known || !listed || !isCount(made) || typeof software !== 'string' || !whole)
      return undefined
    return same(bytes, encoder.encode(`${jcs(manifest)}\n`)) ? manifest : undefined
  } catch {
    return undefined
  }
}

const TEXTS = ['boot', 'id', 'src', 'type']
const MAYBE_TEXTS = ['outcome', 'subject', 'target']
const MAYBE_HASHES = ['commit', 'sprev']
const FIELDS = new Set([...TEXTS, ...MAYBE_TEXTS, ...MAYBE_HASHES, 'data', 'mono', 'sseq', 't', 'v'])

/** Undefined when the bytes are not those of an entry of version 1. */
function parseEntry(bytes) {
  try {
    const entry = JSON.parse(decoder.decode(bytes))
    const good =
      entry.v === 1 &&
      isCount(entry.t) &&
      isCount(entry.sseq) &&
      typeof entry.mono === 'number' &&
      TEXTS.every(name => typeof entry[name] === 'string') &&
      MAYBE_TEXTS.every(name => ['string', 'undefined'].includes(typeof entry[name])) &&
      MAYBE_HASHES.every(name => entry[name] === undefined || /^[0-9a-f]{64}$/.test(entry[name])) &&
      Object.keys(entry).every(name => FIELDS.has(name)) &&
      same(bytes, encoder.encode(jcs(entry)))
    return good ? { data: {}, ...entry } : undefined
  } catch {
    return undefined
  }
}

const INDEX = /^(0|[1-9]\d{0,15})$/

/** A line's index and what is behind the space; undefined when it has none. */
function numbered(line) {
  const space = line.indexOf(32)
  const text = space < 0 ? '' : latin1(line.subarray(0, space))
  if (!INDEX.test(text) || !Number.isSafeInteger(Number(text)) || space + 1 === line.length) return undefined
  return { index: Number(text), rest: line.subarray(space + 1) }
}

/** The part of one log: signature, entries, chains, what was sealed, proofs. Undefined when nothing can be said. */
async function verifyPart(log, files, policy, visit, onEntries) {
  const { findings } = files
  const path = name => `logs/${log}/${name}`
  const noteBytes = await files.whole(path('checkpoint'), 256 * 1024)
  if (noteBytes === undefined) return undefined
  const note = decoder.decode(noteBytes)
  const head = await trusted(note, policy)
  if (typeof head === 'string' || !head.origin.endsWith(`/${log}`)) {
    const what = typeof head === 'string' ? head : `the log ${head.origin} is not a ${log} log`
    findings.push({ file: path('checkpoint'), what })
    return undefined
  }
  const { size, root } = head
  const indexes = []
  const leaves = []
  const committed = []
  const chains = new Map()
  const entriesFile = path('entries.txt')
  for await (const line of files.lines(entriesFile)) {
    const read = numbered(line)
    if (read === undefined) {
      findings.push({ file: entriesFile, what: `line ${indexes.length + 1} is not an index and an entry` })
      break
    }
    const { index, rest: bytes } = read
    if (index <= (indexes.at(-1) ?? -1) || index >= size) {
      findings.push({
        file: entriesFile,
        index,
        what: 'it is not in its place, or the checkpoint does not cover it',
      })
      break
    }
    const hash = leafHash(bytes)
    indexes.push(index)
    leaves.push(hash)
    const entry = parseEntry(bytes)
    if (entry === undefined) {
      findings.push({ file: entriesFile, index, what: 'its bytes are not those of an entry' })
      continue
    }
    const before = chains.get(entry.src)
    chains.set(entry.src, { first: before?.first ?? entry.sseq, sseq: entry.sseq, index, hash })
    if (
      before === undefined
        ? (entry.sseq === 0) !== (entry.sprev === undefined)
        : entry.sseq !== before.sseq + 1
    )
      findings.push({
        file: entriesFile,
        index,
        what: `it does not follow the entry before it of ${entry.src}`,
      })
    else if (before !== undefined && entry.sprev !== hex(before.hash))
      findings.push({
        file: entriesFile,
        index: before.index,
        what: `it is not what entry ${index} names as the one before it`,
      })
    if (entry.commit !== undefined) committed.push({ index, commit: entry.commit })
    visit(index, entry)
    if (indexes.length % 2048 === 0) await onEntries(2048)
  }

  const payloads = { open: 0, erased: 0, withheld: 0 }
  const payloadsFile = path('payloads.txt')
  let next = 0
  let stopped = false
  for await (const line of files.lines(payloadsFile)) {
    const read = numbered(line)
    const due = committed[next++]
    const [, state, key, salt] =
      /^(?:(withheld)$|erased ([a-z]+\/[A-Za-z0-9_~-]{1,100})$|open ([0-9a-f]{64}) )/.exec(
        latin1(read?.rest.subarray(0, 160) ?? []),
      ) ?? []
    const text = salt === undefined ? undefined : read.rest.subarray(5 + 64 + 1)
    const known = state ?? key ?? (text && text.length > 0 ? salt : undefined)
    if (read === undefined || due === undefined || read.index !== due.index || known === undefined) {
      const where = due ?? read
      findings.push({
        file: payloadsFile,
        ...(where && { index: where.index }),
        what: 'what stands here is not about what this entry sealed',
      })
      stopped = true
      break
    }
    payloads[state ?? (key === undefined ? 'open' : 'erased')]++
    if (text !== undefined && hex(hmac(unhex(salt), text)) !== due.commit)
      findings.push({ file: payloadsFile, index: due.index, what: 'it is not what this entry sealed' })
  }
  if (!stopped && committed[next])
    findings.push({
      file: payloadsFile,
      index: committed[next].index,
      what: 'what this entry sealed is left out',
    })

  for (const [n, index] of indexes.entries()) {
    const file = path(`proofs/${index}.tlog-proof`)
    if (!files.members.has(file)) continue
    const bytes = await files.whole(file, 64 * 1024)
    if (bytes === undefined) continue
    const text = decoder.decode(bytes)
    const split = text.indexOf('\n\n')
    const [title, at, ...path64] = text.slice(0, split).split('\n')
    const hashes = path64.map(unbase64)
    const formed =
      split >= 0 &&
      title === 'c2sp.org/tlog-proof@v1' &&
      at === `index ${index}` &&
      hashes.length <= 53 &&
      hashes.every(hash => hash?.length === 32) &&
      text.slice(split + 2) === note
    const given = formed ? rootOfOne(leaves[n], index, size, hashes) : undefined
    if (given === undefined || !same(given, root))
      findings.push({ file, index, what: 'this entry and its proof do not give the root that was signed' })
  }

  const proof = []
  for await (const line of files.lines(path('proof.txt'))) {
    const hash = unbase64(latin1(line))
    if (hash?.length === 32) proof.push(hash)
    else findings.push({ file: path('proof.txt'), what: 'a line that is not a hash' })
  }
  const given = rootOfMany(indexes, leaves, size, proof)
  if (given === undefined || !same(given, root))
    findings.push({
      file: path('proof.txt'),
      what: 'entries and proof together do not give the root that was signed: one of them was changed, left out or put in',
    })
  await onEntries(indexes.length % 2048)
  return {
    account: { log, origin: head.origin, size, entries: indexes.length, witnesses: head.witnesses, payloads },
    chains,
  }
}

/**
 * `source`: { size, read(offset, length) }. `policy`: from parsePolicy. Resolves with a verdict whatever is in the bundle.
 * `onProgress`: told { entries, bytes, total }; what it returns is waited for.
 */
export async function verifyBundle(source, policy, onProgress = async () => undefined) {
  const findings = []
  const verdict = {
    outcome: 'broken',
    parts: [],
    sessions: [],
    shown: [],
    findings,
    missing: [],
    notProven: [],
  }
  let members
  try {
    members = await readZip(source)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    findings.push({ file: error.file, what: error.message })
    return verdict
  }
  const progress = {
    entries: 0,
    bytes: 0,
    total: [...members.values()].reduce((sum, { bytes }) => sum + bytes, 0),
  }
  const files = new Files(source, members, findings, bytes => {
    progress.bytes += bytes
  })
  const bytes = await files.whole('manifest.json', 4 * 1024 * 1024)
  const manifest = bytes && parseManifest(bytes)
  if (!manifest) {
    if (bytes) findings.push({ file: 'manifest.json', what: 'it is not the table of contents of a bundle' })
    return verdict
  }
  files.manifest = manifest
  for (const name of Object.keys(manifest.files))
    if (!members.has(name)) findings.push({ file: name, what: 'it is missing' })
  const known = new RegExp(
    `^(?:${PLAIN_FILES.join('|')}|logs/(?:${LOGS.join('|')})/(?:${PART_FILES.join('|')}|proofs/(?:0|[1-9]\\d{0,15})\\.tlog-proof)|procedures/[0-9a-f]{64}\\.json)$`.replaceAll(
      '.txt',
      '\\.txt',
    ),
  )
  for (const name of members.keys()) {
    if (name !== 'manifest.json' && !Object.hasOwn(manifest.files, name))
      findings.push({ file: name, what: 'the manifest does not list it' })
    if (!known.test(name)) findings.push({ file: name, what: 'no bundle has a file of this name' })
  }

  const grants = new Map()
  const sessions = new Map()
  const edges = new Map()
  const parts = new Map()
  for (const log of LOGS) {
    if (!members.has(`logs/${log}/checkpoint`) && !members.has(`logs/${log}/entries.txt`)) continue
    const edge = { contiguous: true }
    edges.set(log, edge)
    const visit = (index, entry) => {
      if (edge.last !== undefined && index !== edge.last.index + 1) edge.contiguous = false
      edge.first ??= { index, t: entry.t }
      edge.last = { index, t: entry.t }
      if (log === 'control') tellGrant(grants, index, entry)
      else tellSession(sessions, entry)
    }
    const part = await verifyPart(log, files, policy, visit, async entries => {
      progress.entries += entries
      await onProgress(progress)
    })
    if (part) parts.set(log, part)
  }
  for (const name of [...files.unread]) await files.whole(name, Number.POSITIVE_INFINITY)
  const procedures = []
  for (const name of members.keys()) {
    const [, digest] = /^procedures\/([0-9a-f]{64})\.json$/.exec(name) ?? []
    if (digest === undefined) continue
    procedures.push(digest)
    if (manifest.files[name]?.sha256 !== digest)
      findings.push({ file: name, what: 'its contents do not have the digest it is named after' })
  }
  return judge(verdict, { manifest, parts, edges, grants, sessions, procedures })
}

function tellGrant(grants, index, { type, t, subject, target, data }) {
  const id = data.grant
  if (typeof id !== 'string') return
  const grant = grants.get(id)
  if (grant === undefined) {
    if (type !== 'grant.requested') return
    const { procedure = '', digest = '' } = data
    grants.set(id, {
      grant: id,
      person: subject ?? '',
      target: target ?? '',
      procedure,
      digest,
      requestedAt: t,
      entry: index,
      events: 1,
    })
    return
  }
  grant.events++
  if (type === 'grant.activated') grant.activatedAt = t
  if (type === 'grant.ended') grant.endedAt = t
  if (LAST_EVENTS.includes(type)) grant.last = { type, at: t, entry: index }
}

function tellSession(sessions, { type, t, src, subject, target, data }) {
  const session = sessions.get(src) ?? {
    session: src,
    grant: type === 'session.opened' && typeof data.grant === 'string' ? data.grant : '',
    person: subject ?? '',
    target: target ?? '',
    openedAt: t,
    entries: 0,
  }
  sessions.set(src, session)
  session.entries++
  if (type !== 'session.closed') return
  session.closedAt = t
  session.reason = typeof data.reason === 'string' ? data.reason : ''
}

/** What the proven entries mean for what the bundle is about. */
function judge(verdict, { manifest, parts, edges, grants, sessions, procedures }) {
  const { findings, shown, missing, notProven } = verdict
  const { of } = manifest
  const file = log => `logs/${log}/entries.txt`
  const all = [...sessions.values()]
  for (const { account } of parts.values()) {
    const seen = account.witnesses.map(({ name }) => name).join(', ') || 'no witness'
    shown.push(
      `${account.entries} entries stand in the log ${account.origin} of ${account.size}, which its key signed and ${seen} cosigned.`,
    )
    const { open, erased, withheld } = account.payloads
    if (erased > 0)
      notProven.push(
        `Why something is erased (${account.log}): the control log holds evidence.erased for each key; export that time.`,
      )
    if (open + erased + withheld > 0)
      shown.push(
        `Of what they sealed, ${open} texts are open and are what was sealed; ${erased} are erased, ${withheld} withheld (${account.log}).`,
      )
  }
  const wholeSession = ({ session, closedAt, entries }) => {
    if (parts.get('sessions')?.chains.get(session)?.first > 0)
      findings.push({
        file: file('sessions'),
        what: `the first entries of the session ${session} are left out`,
      })
    if (closedAt === undefined)
      missing.push(`The end of the session ${session}: it was open, or it is left out.`)
    else
      shown.push(
        `These ${entries} entries are all of the session ${session}, from its first to session.closed.`,
      )
  }
  const gap = log =>
    findings.push({ file: file(log), what: 'entries between the first and the last are left out' })

  if (of.kind === 'grant') {
    const grant = grants.get(of.grant)
    const edge = edges.get('control')
    if (!grant || edge.first?.index !== grant.entry)
      findings.push({ file: file('control'), what: `it does not begin with the request of ${of.grant}` })
    else {
      verdict.grant = grant
      if (!edge.contiguous) gap('control')
      if (grant.last === undefined)
        missing.push(`The end of the grant: ${grant.endedAt ? 'its review' : 'it had not ended'}.`)
      else
        shown.push(
          `Every entry of the control log from the request (${grant.entry}) to ${grant.last.type} (${grant.last.entry}) is here: ${grant.events} of them are about the grant.`,
        )
      for (const session of all) {
        if (session.grant !== of.grant)
          findings.push({
            file: file('sessions'),
            what: `the session ${session.session} is not of this grant`,
          })
        wholeSession(session)
      }
      if (procedures.includes(grant.digest))
        shown.push(`The procedures in force at the request are here, as their digest ${grant.digest} says.`)
      else notProven.push('The text of the procedure in force: it is not here, only its digest is.')
      notProven.push('That the grant had no other session than those here.')
    }
  } else if (of.kind === 'session') {
    const session = sessions.get(of.session)
    if (session === undefined)
      findings.push({ file: file('sessions'), what: `it holds nothing of the session ${of.session}` })
    else {
      for (const other of all)
        if (other !== session)
          findings.push({
            file: file('sessions'),
            what: `entries of the session ${other.session} are among them`,
          })
      wholeSession(session)
      notProven.push(`That the grant ${session.grant} allowed it: export the grant for that.`)
    }
  } else {
    for (const log of LOGS) {
      const edge = edges.get(log)
      if (!parts.has(log) || !edge?.first) {
        findings.push({ file: file(log), what: 'a bundle of a time holds a part of each log' })
        continue
      }
      if (!edge.contiguous) gap(log)
      if (edge.first.index > 0 && edge.first.t >= of.from)
        findings.push({
          file: file(log),
          what: 'the last entry before the time is left out, so others may be',
        })
      if (edge.last.t < of.to)
        missing.push(
          `The first entry of the log ${log} after the time: there was none yet, or it is left out.`,
        )
      else if (edge.contiguous)
        shown.push(`Every entry of the log ${log} within the time is here, and the one before and after it.`)
    }
  }
  return {
    ...verdict,
    outcome: findings.length > 0 ? 'broken' : missing.length > 0 ? 'incomplete' : 'holds',
    subject: of,
    made: manifest.made,
    parts: [...parts.values()].map(({ account }) => account),
    sessions: all,
    shown: findings.length > 0 ? [] : shown,
    notProven: [...notProven, ...NEVER_PROVEN],
  }
}

// ---------------------------------------------------------------------------------------------------------- what it says

export const SAID = {
  holds: 'This evidence holds.',
  incomplete: 'What is here holds, but it is not all of it.',
  broken: 'This evidence does not hold.',
}

const utc = ms => new Date(ms).toISOString()

/** What it is about, in sentences; nothing of what does not hold. */
export function about({ outcome, subject, grant, sessions }) {
  if (outcome === 'broken' || subject === undefined) return []
  const lines = []
  if (subject.kind === 'range') lines.push(`From ${utc(subject.from)} to ${utc(subject.to)}.`)
  if (grant) {
    const ended = grant.endedAt === undefined ? '' : `, ended ${utc(grant.endedAt)}`
    const active = grant.activatedAt === undefined ? ', never active' : `, active ${utc(grant.activatedAt)}`
    const last = grant.last === undefined ? '' : `, ${grant.last.type} ${utc(grant.last.at)}`
    lines.push(`Grant ${grant.grant}: ${grant.person} on ${grant.target}, procedure ${grant.procedure}.`)
    lines.push(`Requested ${utc(grant.requestedAt)}${active}${ended}${last}.`)
  }
  for (const { session, person, target, openedAt, closedAt, reason, entries } of sessions.slice(0, 20)) {
    const end = closedAt === undefined ? 'no end' : `${utc(closedAt)} (${reason})`
    lines.push(`Session ${session}: ${person} on ${target}, ${utc(openedAt)} to ${end}, ${entries} entries.`)
  }
  return lines
}

// ------------------------------------------------------------------------------------------------------------ under Node

async function main(args) {
  const { open, readFile } = await import('node:fs/promises')
  const at = args.indexOf('--policy')
  const [file] = args.filter((word, n) => !word.startsWith('--') && n !== at + 1)
  if (at < 0 || args[at + 1] === undefined || file === undefined) {
    console.error('usage: node verify.mjs BUNDLE --policy POLICY [--json]')
    return 2
  }
  let handle
  try {
    const policy = parsePolicy(await readFile(args[at + 1]))
    handle = await open(file)
    const { size } = await handle.stat()
    const read = async (offset, length) => {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    }
    const verdict = await verifyBundle({ size, read }, policy)
    if (args.includes('--json')) console.log(JSON.stringify(verdict, null, 2))
    else {
      // Control characters of others do not reach the terminal.
      const say = (mark, text) =>
        console.log(`${mark}${text.replaceAll(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')}`)
      say('', SAID[verdict.outcome])
      for (const line of about(verdict)) say('  ', line)
      for (const { file: name, index, what } of verdict.findings)
        say('✗ ', `${name || 'the bundle'}${index === undefined ? '' : `, entry ${index}`}: ${what}`)
      for (const sentence of verdict.shown) say('✓ ', sentence)
      for (const sentence of verdict.missing) say('… not shown: ', sentence)
      if (verdict.notProven.length > 0) say('', 'Not proven:')
      for (const sentence of verdict.notProven) say('  ', sentence)
    }
    return { holds: 0, broken: 1, incomplete: 4 }[verdict.outcome]
  } catch (error) {
    console.error(error.message)
    return 2
  } finally {
    await handle?.close()
  }
}

if (globalThis.process?.versions?.node && process.argv[1]) {
  const { realpathSync } = await import('node:fs')
  const { fileURLToPath } = await import('node:url')
  if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
    process.exitCode = await main(process.argv.slice(2))
}
