import { ByteReader } from '../../../wire/byte-reader.ts'
import { ByteWriter } from '../../../wire/byte-writer.ts'

/** Reads the data types of RFC 4251 §5. Reading past the end is Fault `protocol.violation`. */
export class SshReader extends ByteReader {
  boolean(): boolean {
    return this.uint8() !== 0
  }

  /** A view, not a copy. */
  string(): Buffer {
    return this.bytes(this.uint32())
  }

  text(): string {
    return this.string().toString('utf8')
  }

  /** What is left. */
  rest(): Buffer {
    return this.bytes(this.remaining)
  }
}

/** Writes the data types of RFC 4251 §5. */
export class SshWriter extends ByteWriter {
  boolean(value: boolean): this {
    return this.uint8(value ? 1 : 0)
  }

  uint32(value: number): this {
    return this.int32(value | 0)
  }

  string(value: Uint8Array | string): this {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    return this.uint32(bytes.length).bytes(bytes)
  }
}
