import type { Link } from '../entry/source-chains.ts'
import type { FramePlace } from '../segment/frame.ts'
import { decodeKept, encodeKept, keptText } from './kept-file.ts'

/** In the log's folder: everything that reading all frames up to `size` would find out. Derived: without it a start reads them. */
export const SNAPSHOT_FILE = 'snapshot'
export const SNAPSHOT_KIND = 'snapshot'

export interface Snapshot {
  readonly origin: string
  /** Entries it stands for. */
  readonly size: number
  readonly root: Buffer
  /** The rightmost tile of each level, lowest first; empty where the level ends with a full one. */
  readonly edges: readonly Buffer[]
  /** Index of the first entry of each segment, by its number; the last one is written to. */
  readonly firsts: readonly number[]
  /** The last frame. */
  readonly frame: FramePlace
  readonly epoch: number
  /** Wall ms of the last entry. */
  readonly time: number
  /** The last links of the sources that go on. */
  readonly sources: readonly (readonly [src: string, last: Link])[]
}

interface Body {
  readonly origin: string
  readonly size: number
  readonly root: string
  readonly edges: readonly string[]
  readonly firsts: readonly number[]
  readonly frame: {
    readonly segment: number
    readonly offset: number
    readonly end: number
    readonly hash: string
  }
  readonly epoch: number
  readonly time: number
  readonly sources: readonly (readonly [src: string, sseq: number, leafHash: string])[]
}

type Mac = (bytes: Buffer) => Promise<Buffer>

export async function encodeSnapshot(snapshot: Snapshot, mac: Mac): Promise<Buffer> {
  const { root, edges, frame, sources } = snapshot
  const body: Body = {
    ...snapshot,
    root: root.toString('hex'),
    edges: edges.map(edge => edge.toString('base64')),
    frame: { ...frame, hash: frame.hash.toString('hex') },
    sources: sources.map(([src, { sseq, leafHash }]) => [src, sseq, leafHash.toString('hex')]),
  }
  const text = JSON.stringify(body)
  return encodeKept(SNAPSHOT_KIND, { body: text, mac: await mac(keptText(SNAPSHOT_KIND, text)) })
}

/** Undefined when the bytes are not whole, or are something else. Nobody vouches for what is in it until its MAC was checked. */
export function decodeSnapshot(bytes: Buffer):
  | {
      readonly snapshot: Snapshot
      /** What the MAC stands over. */
      readonly text: Buffer
      readonly mac: Buffer
    }
  | undefined {
  const kept = decodeKept(SNAPSHOT_KIND, bytes)
  if (kept === undefined) return undefined
  try {
    // Whoever wrote the digest beneath it wrote this form; what another version wrote has another header.
    const body = JSON.parse(kept.body) as Body
    const snapshot: Snapshot = {
      ...body,
      root: Buffer.from(body.root, 'hex'),
      edges: body.edges.map(edge => Buffer.from(edge, 'base64')),
      frame: { ...body.frame, hash: Buffer.from(body.frame.hash, 'hex') },
      sources: body.sources.map(([src, sseq, leafHash]) => [
        src,
        { sseq, leafHash: Buffer.from(leafHash, 'hex') },
      ]),
    }
    return { snapshot, text: keptText(SNAPSHOT_KIND, kept.body), mac: kept.mac }
  } catch {
    return undefined
  }
}
