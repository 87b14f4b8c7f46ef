import { Fault } from '../../../kernel/faults.ts'
import { ByteReader } from '../../../wire/byte-reader.ts'
import { LONGEST_HANDLE } from './packet-types.ts'

type Facts = Readonly<Record<string, string | number | boolean>>

const ATTRIBUTES = { size: 1, uidgid: 2, permissions: 4, acmodtime: 8, extended: 0x80000000 }
const KNOWN_ATTRIBUTES = 0x8000000f

/** Reads the fields of SFTP version 3 (draft-ietf-secsh-filexfer-02 §4, §5). Reading past the end is Fault `protocol.violation`. */
export class SftpReader extends ByteReader {
  /** A view, not a copy. */
  string(): Buffer {
    return this.bytes(this.uint32())
  }

  text(): string {
    return this.string().toString('utf8')
  }

  /** One character per byte: a key that tells any two handles apart. */
  handle(): string {
    const length = this.uint32()
    if (length > LONGEST_HANDLE) throw new Fault('protocol.violation', 'an SFTP handle longer than 256 bytes')
    return this.bytes(length).toString('latin1')
  }

  /** Exact up to 2^53; beyond that no safe integer. */
  uint64(): number {
    return this.uint32() * 2 ** 32 + this.uint32()
  }

  /** What is set, for the record: size in bytes, ids, mode in octal, times in seconds since 1970. */
  attributes(): Facts {
    const flags = this.uint32()
    if ((flags & ~KNOWN_ATTRIBUTES) !== 0) {
      throw new Fault('protocol.violation', 'SFTP attributes that version 3 does not have')
    }
    const has = (bit: number): boolean => (flags & bit) !== 0
    return {
      ...(has(ATTRIBUTES.size) && { size: exact(this.uint64()) }),
      ...(has(ATTRIBUTES.uidgid) && { uid: this.uint32(), gid: this.uint32() }),
      ...(has(ATTRIBUTES.permissions) && { mode: this.uint32().toString(8).padStart(4, '0') }),
      ...(has(ATTRIBUTES.acmodtime) && { atime: this.uint32(), mtime: this.uint32() }),
      ...(has(ATTRIBUTES.extended) && { extendedAttributes: this.#pairs(this.uint32()) }),
    }
  }

  /** Passes pairs of strings up to the end; answers how many. */
  pairsToEnd(): number {
    let pairs = 0
    for (; this.remaining > 0; pairs++) this.#pairs(1)
    return pairs
  }

  #pairs(count: number): number {
    for (let i = 0; i < count; i++) {
      this.string()
      this.string()
    }
    return count
  }
}

/** As it is when it can be said exactly, else as text that says so. */
export function exact(value: number): number | string {
  return Number.isSafeInteger(value) ? value : `about ${value}`
}
