import { pipeline, Readable } from 'node:stream'
import { crc32, createDeflateRaw } from 'node:zlib'
import { Fault } from '../../kernel/faults.ts'
import {
  centralHeader,
  descriptor,
  endRecord,
  localHeader,
  MEMBERS_LIMIT,
  ZIP_LIMIT,
  type ZipMember,
} from './zip-records.ts'

export interface ZipInput {
  readonly name: string
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/**
 * An archive as it is being made: nothing but the list of its files is held, compression runs in the thread pool. The bytes
 * depend on names and contents alone. Fault `input.too_large` beyond what the format holds without ZIP64.
 */
export async function* writeZip(files: AsyncIterable<ZipInput>): AsyncGenerator<Buffer> {
  const members: ZipMember[] = []
  let at = 0
  const pass = (bytes: Buffer): Buffer => {
    at += bytes.length
    if (at > ZIP_LIMIT) throw tooLarge()
    return bytes
  }
  for await (const { name, content } of files) {
    const offset = at
    yield pass(localHeader(name))
    const begun = at
    let crc = 0
    let bytes = 0
    const counted = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of content) {
        crc = crc32(chunk, crc)
        bytes += chunk.length
        yield chunk
      }
    }
    const packing = createDeflateRaw()
    // What goes wrong at the source destroys `packing`, and the loop below throws it.
    pipeline(Readable.from(counted(), { objectMode: false }), packing, () => undefined)
    for await (const chunk of packing) yield pass(chunk as Buffer)
    if (bytes > ZIP_LIMIT) throw tooLarge()
    const packed = at - begun
    yield pass(descriptor({ crc, packed, bytes }))
    members.push({ name, crc, packed, bytes, offset })
  }
  if (members.length >= MEMBERS_LIMIT) throw tooLarge()
  const begun = at
  for (const member of members) yield pass(centralHeader(member))
  yield endRecord(members.length, at - begun, begun)
}

function tooLarge(): Fault {
  return new Fault('input.too_large', 'This is more than one bundle holds (4 GiB).', {
    next: 'Export the sessions one by one, or a shorter time.',
  })
}
