import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '../kernel/ids.ts'
import { type FileDigest, encodeManifest, type Manifest, parseManifest } from '../ledger/bundle/manifest.ts'
import { type ByteSource, readZip, unpack } from '../ledger/bundle/read-zip.ts'
import type { BundleVerdict } from '../ledger/bundle/verdict.ts'
import { writeZip } from '../ledger/bundle/write-zip.ts'
import type { KeyRing, Log, SealKey } from '../ledger/log.ts'
import { noteSigner } from '../ledger/note/note.ts'
import { openLog } from '../ledger/open-log.ts'
import { scratchClock } from '../ledger/scratch-log.suite.ts'
import { openLocalSigner } from '../ledger/signer/local-signer.ts'
import { type ParsedPolicy, parsePolicy, type Policy } from '../ledger/trust/policy.ts'
import { sha256Hex } from '../kernel/bytes.ts'
import { openSessionLog, type SessionLog } from '../recording/session-log.ts'
import { nodeDisk } from '../store/file/node-disk.ts'
import { until } from '../../test/support/wait.ts'

/** Two real logs on the real disk with a grant and sessions of it, as a server writes them. */
export interface BundleWorld {
  readonly control: Log
  readonly sessions: SessionLog
  readonly keys: Keys
  readonly clock: { wall: number }
  readonly policyText: string
  readonly policy: Policy
  /** One session of `grant` with `actions` statements; closed unless it is said to stay open. */
  session(grant: string, actions: number, open?: 'open'): Promise<string>
  /** A grant from its request to its end; `sessions` of it are made in between. */
  grant(sessions: (grant: string) => Promise<void>, last?: 'grant.closed' | 'grant.ended'): Promise<string>
  /** Resolves when everything written so far is signed. */
  settled(): Promise<void>
  close(): Promise<void>
}

export interface Keys extends KeyRing {
  obtain(name: string): Promise<SealKey>
  destroy(name: string): void
}

export const RULES = '{"format":1,"procedures":[]}'

export async function bundleWorld(organisation = 'acme', seed = 7): Promise<BundleWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'bg-bundle-'))
  const clock = scratchClock()
  const open = async (name: string, at: number): Promise<Log> => {
    const origin = `breakglass/${organisation}/${name}`
    const signer = await openLocalSigner({
      origin,
      seed: Buffer.alloc(32, at),
      disk: nodeDisk(join(folder, 'signer', name)),
    })
    const disk = nodeDisk(join(folder, 'logs', name))
    return openLog({ name, origin, disk, signer, clock, segmentBytes: 1024 * 1024, entryZero: { origin } })
  }
  const keys = memoryKeys()
  const control = await open('control', seed)
  const log = await open('sessions', seed + 1)
  const sessions = await openSessionLog(log, keys)
  const vkey = (name: string, at: number): string =>
    noteSigner(`breakglass/${organisation}/${name}`, Buffer.alloc(32, at)).vkey
  const policyText = `log ${vkey('control', seed)}\nlog ${vkey('sessions', seed + 1)}\nquorum none\n`

  const event = async (type: string, data: Record<string, string>, payload?: string): Promise<void> => {
    clock.wall += 1_000
    const seal = await keys.obtain('subject/p_ana')
    const sealed = payload === undefined ? {} : { payload: { text: payload }, seal }
    const draft = { type, src: 'control', subject: 'p_ana', target: 'orders-db', data, ...sealed }
    await control.append([draft]).signed()
  }
  return {
    control,
    sessions,
    keys,
    clock,
    policyText,
    policy: policyOf(policyText),
    async session(grant, actions, stays) {
      const session = newId('session')
      clock.wall += 1_000
      const writer = await sessions.begin({
        session,
        grant,
        person: 'p_ana',
        target: 'orders-db',
        protocol: 'postgres',
        scope: 'repair',
        evidence: 'before',
        remote: '192.0.2.7',
        application: 'psql',
      })
      for (let n = 1; n <= actions; n += 1) {
        clock.wall += 10
        const t = clock.wall
        const data = { n, kind: 'query', verbs: ['select'] }
        await writer.record({ type: 'action', t, outcome: 'allowed', data, payload: { text: `select ${n}` } })
      }
      if (stays === undefined) await writer.close({ reason: 'client' })
      return session
    },
    async grant(within, last = 'grant.closed') {
      const grant = newId('grant')
      const digest = sha256Hex(RULES)
      await event('grant.requested', { grant, procedure: 'orders-db-emergency', digest }, 'checkout is down')
      await event('token.issued', { by: 'p_ben' }, 'about somebody else')
      await event('grant.activated', { grant })
      await within(grant)
      await event('grant.ended', { grant })
      if (last === 'grant.closed') {
        await event('review.completed', { grant }, 'warranted')
        await event('grant.closed', { grant })
      }
      await event('token.issued', { by: 'p_eve' })
      return grant
    },
    async settled() {
      await until(() => log.head().size >= log.length)
    },
    async close() {
      await sessions.close()
      await log.close()
      await control.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export function policyOf(text: string): Policy {
  const parsed: ParsedPolicy = parsePolicy(Buffer.from(text))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.policy
}

function memoryKeys(): Keys {
  const known = new Map<string, SealKey>()
  return {
    find: name => known.get(name),
    async obtain(name) {
      const key = known.get(name) ?? { name, bytes: Buffer.alloc(32, known.size + 1) }
      known.set(name, key)
      return key
    },
    destroy: name => void known.delete(name),
  }
}

export function memorySource(bytes: Buffer): ByteSource {
  return { size: bytes.length, read: async (at, length) => bytes.subarray(at, at + length) }
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

/** Files of an archive by name, in their order. */
export type Contents = Map<string, Buffer>

export async function contentsOf(archive: Buffer): Promise<Contents> {
  const source = memorySource(archive)
  const contents: Contents = new Map()
  for (const member of await readZip(source)) contents.set(member.name, await collect(unpack(source, member)))
  return contents
}

export function archiveOf(contents: Contents): Promise<Buffer> {
  return collect(
    writeZip(
      (async function* () {
        for (const [name, bytes] of contents) yield { name, content: [bytes] }
      })(),
    ),
  )
}

/** A forger's work: contents changed, and the manifest made to agree with them. */
export function forged(
  contents: Contents,
  change: (to: Contents) => void,
  say: Partial<Manifest> = {},
): Contents {
  const to = new Map(contents)
  change(to)
  const before = parseManifest(to.get('manifest.json') ?? Buffer.alloc(0))
  if (!before) throw new Error('no manifest')
  to.delete('manifest.json')
  const files: Record<string, FileDigest> = {}
  for (const [name, bytes] of to) files[name] = { bytes: bytes.length, sha256: sha256Hex(bytes) }
  to.set('manifest.json', encodeManifest({ ...before, ...say, files }))
  return to
}

/** The verifier that travels with a bundle: written apart, so it is asked the same questions. */
export interface OtherVerifier {
  parsePolicy(bytes: Uint8Array): unknown
  verifyBundle(source: ByteSource, policy: unknown): Promise<BundleVerdict>
}

export async function otherVerifier(): Promise<OtherVerifier> {
  return (await import(new URL('../../verifier/verify.mjs', import.meta.url).href)) as OtherVerifier
}
