import { createHash } from 'node:crypto'
import { Accounts } from './accounts.ts'
import { AIDS, type LogFolder, LOG_FOLDERS, MANIFEST_FILE, PART, partFile, POLICY_FILE } from './layout.ts'
import { LineRefusal, linesOf } from './lines.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import { type ByteSource, readZip, unpack, ZipRefusal } from './read-zip.ts'
import { Edges } from './edges.ts'
import { judge } from './judge.ts'
import type { BundleFinding, BundleVerdict } from './verdict.ts'
import { type BundleFiles, type VerifiedPart, verifyPart } from './verify-part.ts'
import type { Policy } from '../trust/policy.ts'
import type { ZipMember } from './zip-records.ts'

export interface BundleProgress {
  /** Entries read so far, of all logs. */
  readonly entries: number
  /** Unpacked bytes read so far, and to be read. */
  readonly bytes: number
  readonly total: number
}

const MANIFEST_LIMIT = 4 * 1024 * 1024
const SINGLE_PROOF = /^logs\/(control|sessions)\/proofs\/(?:0|[1-9]\d{0,15})\.tlog-proof$/
const PROCEDURES = /^procedures\/([0-9a-f]{64})\.json$/
const KNOWN: readonly string[] = [
  MANIFEST_FILE,
  POLICY_FILE,
  ...AIDS,
  ...LOG_FOLDERS.flatMap(log =>
    [PART.checkpoint, PART.entries, PART.payloads, PART.proof].map(file => partFile(log, file)),
  ),
]

/**
 * Reads a bundle from end to end, with bounded memory per line, and says what it shows. Never throws for what is in the
 * bundle; only for a source that cannot be read.
 */
export async function verifyBundle(
  source: ByteSource,
  policy: Policy,
  onProgress: (progress: BundleProgress) => void = () => undefined,
): Promise<BundleVerdict> {
  const findings: BundleFinding[] = []
  const nothing = { parts: [], sessions: [], shown: [], findings, missing: [], notProven: [] }
  let members: readonly ZipMember[]
  try {
    members = await readZip(source)
  } catch (error) {
    if (!(error instanceof ZipRefusal)) throw error
    findings.push({ file: error.file, what: error.message })
    return { outcome: 'broken', ...nothing }
  }
  const progress = { entries: 0, bytes: 0, total: members.reduce((sum, { bytes }) => sum + bytes, 0) }
  const files = new OpenFiles(source, members, findings, bytes => {
    progress.bytes += bytes
    onProgress(progress)
  })
  const manifest = await readManifest(files, findings)
  if (manifest === undefined) return { outcome: 'broken', ...nothing }
  files.expect(manifest)
  for (const { name } of members) {
    if (!KNOWN.includes(name) && !SINGLE_PROOF.test(name) && !PROCEDURES.test(name))
      findings.push({ file: name, what: 'no bundle has a file of this name' })
  }

  const accounts = new Accounts()
  const parts = new Map<LogFolder, VerifiedPart>()
  const edges = new Map<LogFolder, Edges>()
  for (const folder of LOG_FOLDERS) {
    if (!files.has(partFile(folder, PART.checkpoint)) && !files.has(partFile(folder, PART.entries))) continue
    const edge = new Edges()
    const part = await verifyPart({
      folder,
      files,
      policy,
      findings,
      visit(index, fields) {
        edge.see(index, fields.t)
        if (folder === 'control') accounts.control(index, fields)
        else accounts.action(fields)
      },
      onProgress(entries) {
        progress.entries += entries
        onProgress(progress)
      },
    })
    if (part) parts.set(folder, part)
    edges.set(folder, edge)
  }
  const procedures = members.flatMap(({ name }) => PROCEDURES.exec(name)?.[1] ?? [])
  await files.readRest()
  for (const digest of procedures) {
    const name = `procedures/${digest}.json`
    if (manifest.files[name]?.sha256 !== digest)
      findings.push({ file: name, what: 'its contents do not have the digest it is named after' })
  }
  return judge({ manifest, parts, edges, accounts, procedures, findings })
}

async function readManifest(files: OpenFiles, findings: BundleFinding[]): Promise<Manifest | undefined> {
  if (!files.has(MANIFEST_FILE)) {
    findings.push({ file: MANIFEST_FILE, what: 'it is missing' })
    return undefined
  }
  const bytes = await files.whole(MANIFEST_FILE, MANIFEST_LIMIT)
  if (bytes === undefined) return undefined
  const manifest = parseManifest(bytes)
  if (manifest === undefined)
    findings.push({ file: MANIFEST_FILE, what: 'it is not the table of contents of a bundle' })
  return manifest
}

/** Reads members once each and compares them with the manifest on the way. */
class OpenFiles implements BundleFiles {
  readonly #source: ByteSource
  readonly #members: ReadonlyMap<string, ZipMember>
  readonly #findings: BundleFinding[]
  readonly #onBytes: (bytes: number) => void
  readonly #unread: Set<string>
  #manifest: Manifest | undefined

  constructor(
    source: ByteSource,
    members: readonly ZipMember[],
    findings: BundleFinding[],
    onBytes: (bytes: number) => void,
  ) {
    this.#source = source
    this.#members = new Map(members.map(member => [member.name, member]))
    this.#unread = new Set(this.#members.keys())
    this.#findings = findings
    this.#onBytes = onBytes
  }

  /** From here on contents are compared with it; what it lists and is not there, and the reverse, are findings at once. */
  expect(manifest: Manifest): void {
    this.#manifest = manifest
    for (const name of Object.keys(manifest.files))
      if (!this.#members.has(name)) this.#findings.push({ file: name, what: 'it is missing' })
    for (const name of this.#members.keys())
      if (name !== MANIFEST_FILE && manifest.files[name] === undefined)
        this.#findings.push({ file: name, what: 'the manifest does not list it' })
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  async whole(name: string, most: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    let length = 0
    for await (const chunk of this.#chunks(name)) {
      length += chunk.length
      if (length > most) {
        this.#findings.push({ file: name, what: `it is larger than such a file can be (${most} bytes)` })
        return undefined
      }
      parts.push(Buffer.from(chunk))
    }
    return this.#failed.has(name) ? undefined : Buffer.concat(parts)
  }

  async *lines(name: string): AsyncGenerator<Buffer> {
    try {
      yield* linesOf(this.#chunks(name))
    } catch (error) {
      if (!(error instanceof LineRefusal)) throw error
      this.#findings.push({ file: name, what: error.message })
    }
  }

  /** What nobody asked for: only its digest matters. */
  async readRest(): Promise<void> {
    for (const name of [...this.#unread]) for await (const _ of this.#chunks(name));
  }

  readonly #failed = new Set<string>()

  async *#chunks(name: string): AsyncGenerator<Buffer> {
    const member = this.#members.get(name)
    if (member === undefined) {
      this.#failed.add(name)
      this.#findings.push({ file: name, what: 'it is missing' })
      return
    }
    this.#unread.delete(name)
    const hash = createHash('sha256')
    let bytes = 0
    try {
      for await (const chunk of unpack(this.#source, member)) {
        hash.update(chunk)
        bytes += chunk.length
        this.#onBytes(chunk.length)
        yield chunk
      }
    } catch (error) {
      if (!(error instanceof ZipRefusal)) throw error
      this.#failed.add(name)
      this.#findings.push({ file: name, what: error.message })
      return
    }
    const listed = this.#manifest?.files[name]
    if (listed && (listed.bytes !== bytes || listed.sha256 !== hash.digest('hex')))
      this.#findings.push({ file: name, what: 'it is not the file that the manifest lists' })
  }
}
