import { commitment } from '../entry/seal.ts'
import { decodeEntry, type EntryFields } from '../entry/entry.ts'
import { decodeBase64 } from '../note/base64.ts'
import { parseProof } from '../note/proof.ts'
import { verifyInclusion } from '../tree/inclusion.ts'
import { HASH_BYTES, leafHash } from '../tree/merkle.ts'
import type { Policy } from '../trust/policy.ts'
import { trustCheckpoint } from '../trust/trusted-checkpoint.ts'
import { Chains } from './chains.ts'
import { type LogFolder, PART, partFile, proofFile } from './layout.ts'
import { parseEntryLine, parsePayloadLine } from './lines.ts'
import { rootOfMany } from './multi-proof.ts'
import type { BundleFinding, PartAccount } from './verdict.ts'

/** The files of a bundle as `verifyBundle` hands them out: digests are being compared as they are read. */
export interface BundleFiles {
  has(name: string): boolean
  /** The whole of a small file; undefined (and a finding) when it cannot be read or has more than `most` bytes. */
  whole(name: string, most: number): Promise<Buffer | undefined>
  /** Lines of a large one; stops (with a finding) where it cannot be read on. */
  lines(name: string): AsyncIterable<Buffer>
}

export interface PartOptions {
  readonly folder: LogFolder
  readonly files: BundleFiles
  /** Whose signatures count. It comes from outside the bundle: a bundle cannot vouch for itself. */
  readonly policy: Policy
  readonly findings: BundleFinding[]
  /** Every entry in order, as its bytes say; whether they are proven is known at the end. */
  readonly visit: (index: number, fields: EntryFields) => void
  /** Entries read so far. */
  readonly onProgress: (entries: number) => void
}

export interface VerifiedPart {
  readonly account: PartAccount
  readonly chains: Chains
  readonly indexes: readonly number[]
  /** Names of keys that were destroyed, as the payload lines say. */
  readonly erasedKeys: ReadonlySet<string>
}

const NOTE_LIMIT = 256 * 1024
const PROOF_LIMIT = 64 * 1024
const PROGRESS_EVERY = 4096

/** The part of one log: signature, entries, their chains, what was sealed, and the proofs. Undefined when nothing can be said. */
export async function verifyPart(options: PartOptions): Promise<VerifiedPart | undefined> {
  const { folder, files, policy, findings } = options
  const checkpointFile = partFile(folder, PART.checkpoint)
  const note = (await files.whole(checkpointFile, NOTE_LIMIT))?.toString('utf8')
  if (note === undefined) return undefined
  const judged = trustCheckpoint(note, policy)
  if (!judged.ok) {
    findings.push({ file: checkpointFile, what: judged.what })
    return undefined
  }
  const checkpoint = judged.trusted
  if (!checkpoint.origin.endsWith(`/${folder}`)) {
    findings.push({ file: checkpointFile, what: `the log ${checkpoint.origin} is not a ${folder} log` })
    return undefined
  }
  const { size, root } = checkpoint
  const read = await readEntries(options, size)
  const { indexes, leaves } = read
  const payloads = await checkPayloads(options, read)
  await checkSingleProofs(options, read, note, size, root)

  const hashes: Buffer[] = []
  const file = partFile(folder, PART.proof)
  for await (const line of files.lines(file)) {
    const hash = decodeBase64(line.toString('latin1'))
    if (hash?.length === HASH_BYTES) hashes.push(hash)
    else findings.push({ file, what: 'a line that is not a hash' })
  }
  const given = rootOfMany(indexes, n => leaves[n] as Buffer, size, hashes)
  if (given === undefined || !root.equals(given))
    findings.push({
      file,
      what: 'entries and proof together do not give the root that was signed: one of them was changed, left out or put in',
    })
  return {
    account: {
      log: folder,
      origin: checkpoint.origin,
      size,
      entries: indexes.length,
      witnesses: checkpoint.cosignatures.map(({ witness, time }) => ({ name: witness.name, time })),
      payloads: payloads.counts,
    },
    chains: read.chains,
    indexes,
    erasedKeys: payloads.erasedKeys,
  }
}

interface ReadEntries {
  readonly indexes: number[]
  readonly leaves: Buffer[]
  /** Commitments of the entries that have one, in order. */
  readonly committed: { readonly index: number; readonly commit: string }[]
  readonly chains: Chains
}

async function readEntries(
  { folder, files, findings, visit, onProgress }: PartOptions,
  size: number,
): Promise<ReadEntries> {
  const file = partFile(folder, PART.entries)
  const read: ReadEntries = { indexes: [], leaves: [], committed: [], chains: new Chains() }
  const { indexes, leaves, committed, chains } = read
  for await (const bytes of files.lines(file)) {
    const line = parseEntryLine(bytes)
    if (line === undefined) {
      findings.push({ file, what: `line ${indexes.length + 1} is not an index and an entry` })
      break
    }
    const { index } = line
    const before = indexes.at(-1) ?? -1
    if (index <= before || index >= size) {
      const what =
        index >= size
          ? `the checkpoint covers ${size} entries, not this one`
          : `it stands behind entry ${before}`
      findings.push({ file, index, what })
      break
    }
    const hash = leafHash(line.bytes)
    indexes.push(index)
    leaves.push(hash)
    const fields = decodeEntry(line.bytes)
    if (fields === undefined) {
      findings.push({ file, index, what: 'its bytes are not those of an entry' })
      continue
    }
    const wrong = chains.add(index, fields, hash)
    if (wrong) findings.push({ file, ...wrong })
    if (fields.commit !== undefined) committed.push({ index, commit: fields.commit })
    visit(index, fields)
    if (indexes.length % PROGRESS_EVERY === 0) onProgress(PROGRESS_EVERY)
  }
  onProgress(indexes.length % PROGRESS_EVERY)
  return read
}

/** Every commitment has its line, in order; what is open is what was committed to. */
async function checkPayloads(
  { folder, files, findings }: PartOptions,
  { committed }: ReadEntries,
): Promise<{ counts: PartAccount['payloads']; erasedKeys: ReadonlySet<string> }> {
  const file = partFile(folder, PART.payloads)
  const counts = { open: 0, erased: 0, withheld: 0 }
  const erasedKeys = new Set<string>()
  let next = 0
  for await (const bytes of files.lines(file)) {
    const line = parsePayloadLine(bytes)
    const due = committed[next]
    if (line === undefined || due === undefined || line.index !== due.index) {
      const where = due ?? line
      findings.push({
        file,
        ...(where && { index: where.index }),
        what: due
          ? 'what stands here is not about what this entry sealed'
          : 'it is about an entry that sealed nothing',
      })
      return { counts, erasedKeys }
    }
    next += 1
    counts[line.state] += 1
    if (line.state === 'erased') erasedKeys.add(line.key)
    if (line.state === 'open' && commitment(line.salt, line.text) !== due.commit)
      findings.push({ file, index: due.index, what: 'it is not what this entry sealed' })
  }
  const left = committed[next]
  if (left) findings.push({ file, index: left.index, what: 'what this entry sealed is left out' })
  return { counts, erasedKeys }
}

/** Where a bundle has a proof for an entry alone, it must hold too: it is what other tools will check. */
async function checkSingleProofs(
  { folder, files, findings }: PartOptions,
  { indexes, leaves }: ReadEntries,
  note: string,
  size: number,
  root: Buffer,
): Promise<void> {
  for (const [n, index] of indexes.entries()) {
    const file = proofFile(folder, index)
    if (!files.has(file)) continue
    const text = await files.whole(file, PROOF_LIMIT)
    if (text === undefined) continue
    const proof = parseProof(text.toString('utf8'))
    const leaf = leaves[n] as Buffer
    if (proof === undefined || proof.index !== index || proof.checkpoint !== note)
      findings.push({ file, index, what: 'it is not a proof of this entry under the checkpoint' })
    else if (!verifyInclusion(leaf, index, size, root, proof.hashes))
      findings.push({ file, index, what: 'this entry and its proof do not give the root that was signed' })
  }
}
