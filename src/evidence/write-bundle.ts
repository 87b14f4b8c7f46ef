import { createHash } from 'node:crypto'
import { isFault } from '../kernel/faults.ts'
import {
  PART,
  partFile,
  POLICY_FILE,
  MANIFEST_FILE,
  procedureFile,
  proofFile,
} from '../ledger/bundle/layout.ts'
import { entryLine, payloadLine, type PayloadLine } from '../ledger/bundle/lines.ts'
import { encodeManifest, type FileDigest } from '../ledger/bundle/manifest.ts'
import { multiProof } from '../ledger/bundle/multi-proof.ts'
import { tileHashes } from '../ledger/bundle/tile-hashes.ts'
import { writeZip, type ZipInput } from '../ledger/bundle/write-zip.ts'
import type { Head, KeyRing, Log } from '../ledger/log.ts'
import { encodeProof } from '../ledger/note/proof.ts'
import type { EvidencePorts } from './ports.ts'
import type { SelectedPart, Selection } from './selection.ts'

/** More entries than this have proofs of their own only for the first and the last of them. */
const SINGLE_PROOFS = 256
/** Lines are handed on in pieces of about this many bytes. */
const PIECE = 64 * 1024

/** The bundle as it is being made; what is held of a log is an index for each of its entries. */
export function writeBundle(
  selection: Selection,
  ports: Pick<EvidencePorts, 'keys' | 'witnessed' | 'procedureText' | 'policy' | 'aids' | 'software'>,
  made: number,
): AsyncGenerator<Buffer> {
  return writeZip(files(selection, ports, made))
}

async function* files(
  selection: Selection,
  ports: Parameters<typeof writeBundle>[1],
  made: number,
): AsyncGenerator<ZipInput> {
  const digests: Record<string, FileDigest> = {}
  const listed = (name: string, content: ZipInput['content']): ZipInput => ({
    name,
    content: digested(content, digest => (digests[name] = digest)),
  })
  for (const part of selection.parts) {
    for await (const { name, content } of partFiles(part, headFor(part, ports), ports.keys))
      yield listed(name, content)
  }
  for (const digest of selection.procedures) {
    const text = await ports.procedureText(digest)
    if (text !== undefined) yield listed(procedureFile(digest), [Buffer.from(text)])
  }
  yield listed(POLICY_FILE, [Buffer.from(await ports.policy())])
  for (const [name, bytes] of await ports.aids()) yield listed(name, [bytes])
  const manifest = { subject: selection.subject, made, software: ports.software, files: digests }
  yield { name: MANIFEST_FILE, content: [encodeManifest(manifest)] }
}

/** A head that witnesses have seen, where it goes far enough: nobody who asks for witnesses believes another. */
function headFor({ log, until }: SelectedPart, { witnessed }: Pick<EvidencePorts, 'witnessed'>): Head {
  const seen = witnessed(log.name)
  return seen !== undefined && seen.size >= until ? seen : log.head()
}

/** The files of one log. Each is read to its end before the next is asked for. */
async function* partFiles(part: SelectedPart, head: Head, keys: KeyRing): AsyncGenerator<ZipInput> {
  const { folder, log } = part
  const indexes: number[] = []
  const sealed: { readonly index: number; readonly open: boolean }[] = []
  const entries = async function* (): AsyncGenerator<Buffer> {
    for await (const entry of part.entries(head.size)) {
      indexes.push(entry.index)
      if (entry.sealedBy !== undefined) sealed.push({ index: entry.index, open: part.opens(entry) })
      yield entryLine(entry.index, entry.bytes)
    }
  }
  const payloads = async function* (): AsyncGenerator<Buffer> {
    for (const { index, open } of sealed)
      yield payloadLine(open ? await disclosed(log, index, keys) : { index, state: 'withheld' })
  }
  const proof = async function* (): AsyncGenerator<Buffer> {
    for (const hash of await multiProof(tileHashes(log, head.size), indexes, head.size))
      yield Buffer.from(`${hash.toString('base64')}\n`)
  }
  yield { name: partFile(folder, PART.entries), content: inPieces(entries()) }
  yield { name: partFile(folder, PART.payloads), content: inPieces(payloads()) }
  yield { name: partFile(folder, PART.proof), content: inPieces(proof()) }
  yield { name: partFile(folder, PART.checkpoint), content: [Buffer.from(head.checkpoint)] }
  for (const index of indexes.length > SINGLE_PROOFS ? ends(indexes) : indexes)
    yield { name: proofFile(folder, index), content: [await singleProof(log, index, head)] }
}

async function disclosed(log: Log, index: number, keys: KeyRing): Promise<PayloadLine> {
  try {
    const opened = await log.opened(index, keys)
    if (opened === undefined) throw new Error(`entry ${index} of ${log.name} sealed nothing`)
    return { index, state: 'open', salt: opened.salt, text: opened.text }
  } catch (error) {
    if (!isFault(error, 'evidence.erased')) throw error
    return { index, state: 'erased', key: String(error.facts['key']) }
  }
}

async function singleProof(log: Log, index: number, { size, checkpoint }: Head): Promise<Buffer> {
  return Buffer.from(encodeProof({ index, hashes: await log.inclusion(index, size), checkpoint }))
}

function ends(indexes: readonly number[]): readonly number[] {
  return [indexes[0] as number, indexes.at(-1) as number]
}

async function* inPieces(lines: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let piece: Buffer[] = []
  let length = 0
  for await (const line of lines) {
    piece.push(line)
    length += line.length
    if (length < PIECE) continue
    yield Buffer.concat(piece)
    piece = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(piece)
}

async function* digested(
  content: ZipInput['content'],
  done: (digest: FileDigest) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of content) {
    hash.update(chunk)
    bytes += chunk.length
    yield chunk
  }
  done({ bytes, sha256: hash.digest('hex') })
}
