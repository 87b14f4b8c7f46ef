import { pipeline, Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import {
  CENTRAL_BYTES,
  centralHeader,
  DESCRIPTOR_BYTES,
  descriptor,
  END_BYTES,
  endRecord,
  LOCAL_BYTES,
  localHeader,
  type ZipMember,
} from './zip-records.ts'

/** Where an archive lies: a file, or memory. */
export interface ByteSource {
  readonly size: number
  /** Exactly the bytes asked for; less only at the end. */
  read(offset: number, length: number): Promise<Buffer>
}

/** The archive is not one that `writeZip` makes. `file`: the member concerned; empty for the archive itself. */
export class ZipRefusal extends Error {
  override readonly name = 'ZipRefusal'
  readonly file: string

  constructor(file: string, message: string) {
    super(message)
    this.file = file
  }
}

/** More than a bundle needs, and little enough for a list in memory. */
const MOST_MEMBERS = 4096
const LONGEST_NAME = 200
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/
const WINDOW = 256 * 1024

/**
 * The members of an archive, in their order. Every byte outside the packed contents must be the one `writeZip` puts there: no
 * gaps, comments, extra fields, double or travelling names, second directories. ZipRefusal names what is wrong.
 */
export async function readZip(source: ByteSource): Promise<readonly ZipMember[]> {
  const refuse = (file: string, what: string): never => {
    throw new ZipRefusal(file, what)
  }
  if (source.size < END_BYTES) refuse('', 'the file is too short to be a bundle')
  const end = await source.read(source.size - END_BYTES, END_BYTES)
  const count = end.readUInt16LE(10)
  const length = end.readUInt32LE(12)
  const begin = end.readUInt32LE(16)
  if (!end.equals(endRecord(count, length, begin)))
    refuse('', 'the file does not end as a bundle does: it was cut, or something follows it')
  if (begin + length + END_BYTES !== source.size)
    refuse('', 'there are bytes that belong to no file of the bundle')
  if (count > MOST_MEMBERS || length > MOST_MEMBERS * (CENTRAL_BYTES + LONGEST_NAME))
    refuse('', `a bundle has at most ${MOST_MEMBERS} files`)

  const directory = await source.read(begin, length)
  const members: ZipMember[] = []
  const names = new Set<string>()
  let at = 0
  let next = 0
  for (let n = 0; n < count; n += 1) {
    if (at + CENTRAL_BYTES > length) refuse('', 'its list of files is cut')
    const nameLength = directory.readUInt16LE(at + 28)
    const name = directory.toString('latin1', at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameLength)
    if (nameLength > LONGEST_NAME || !NAME.test(name))
      refuse('', `a file has a name that no file of a bundle has: ${JSON.stringify(name.slice(0, 80))}`)
    const member: ZipMember = {
      name,
      crc: directory.readUInt32LE(at + 16),
      packed: directory.readUInt32LE(at + 20),
      bytes: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    }
    const record = centralHeader(member)
    if (!directory.subarray(at, at + record.length).equals(record))
      refuse(name, 'its place in the list of files is not as a bundle has it')
    if (names.has(name)) refuse(name, 'there are two files of this name')
    if (member.offset !== next) refuse(name, 'it does not begin where the file before it ends')
    names.add(name)
    await checkFrame(source, member)
    members.push(member)
    at += record.length
    next = member.offset + LOCAL_BYTES + name.length + member.packed + DESCRIPTOR_BYTES
  }
  if (at !== length) refuse('', 'its list of files holds more than it says')
  if (next !== begin) refuse('', 'there are bytes that belong to no file of the bundle')
  return members
}

/** What stands before and behind the packed bytes. */
async function checkFrame(source: ByteSource, member: ZipMember): Promise<void> {
  const { name, offset, packed } = member
  const head = localHeader(name)
  const before = await source.read(offset, head.length)
  const behind = await source.read(offset + head.length + packed, DESCRIPTOR_BYTES)
  if (!before.equals(head) || !behind.equals(descriptor(member)))
    throw new ZipRefusal(name, 'what frames it in the archive is not as a bundle has it')
}

/** The contents as they are unpacked; ZipRefusal as soon as there is more than the archive said, and at the end if it is not that. */
export async function* unpack(source: ByteSource, member: ZipMember): AsyncGenerator<Buffer> {
  const { name, crc, packed, bytes } = member
  const from = member.offset + LOCAL_BYTES + name.length
  const inflate = createInflateRaw()
  const packedChunks = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < packed; at += WINDOW)
      yield await source.read(from + at, Math.min(WINDOW, packed - at))
  }
  let seen = 0
  let sum = 0
  // What goes wrong at the source destroys `inflate`, and the loop below throws it.
  pipeline(Readable.from(packedChunks(), { objectMode: false }), inflate, () => undefined)
  try {
    for await (const chunk of inflate) {
      seen += (chunk as Buffer).length
      if (seen > bytes) break
      sum = crc32(chunk as Buffer, sum)
      yield chunk as Buffer
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error
    throw new ZipRefusal(name, 'its packed bytes are damaged')
  }
  if (seen !== bytes || sum !== crc || inflate.bytesWritten !== packed)
    throw new ZipRefusal(name, 'its bytes are not those that were packed')
}
