import type { Action, Outcome } from '../../../target/action.ts'
import { OffsetDigest } from './offset-digest.ts'
import type { Detail } from './request-shapes.ts'

/** Open files and folders of one channel, as OpenSSH's server has it by default several times over. */
export const MOST_OPEN = 1024

/** Handles whose end is remembered, so that a late request on one is told from an invented one. */
const REMEMBERED = 1024

/** A file or folder between the answer to its OPEN and that to its CLOSE. */
export class OpenFile {
  readonly folder: boolean
  /** Number of the action that opened it; its outcome comes with the end. */
  readonly seq: number
  /** Monotonic ms. */
  readonly since: number
  readonly path: Buffer
  readonly reads: boolean
  readonly writes: boolean
  readonly read = new OffsetDigest()
  readonly written: OffsetDigest
  /** Asked for and not answered. */
  readsOwed = 0
  writesOwed = 0
  writesFailed = 0
  /** Names that were listed; of a folder. */
  names = 0
  /** Bytes of the listing. */
  listed = 0

  constructor(of: {
    readonly folder: boolean
    readonly seq: number
    readonly since: number
    readonly path: Buffer
    readonly opens:
      | { readonly reads: boolean; readonly writes: boolean; readonly appends: boolean }
      | undefined
  }) {
    this.folder = of.folder
    this.seq = of.seq
    this.since = of.since
    this.path = of.path
    this.reads = of.opens?.reads ?? false
    this.writes = of.opens?.writes ?? false
    this.written = new OffsetDigest(of.opens?.appends)
  }

  /** What went through it so far: bytes and SHA-256 by direction, and what is not known yet or went wrong. */
  facts(): Detail {
    return {
      ...portionsOf('read', this.read),
      ...portionsOf('written', this.written),
      ...(this.readsOwed > 0 && { readsOwed: this.readsOwed }),
      ...(this.writesOwed > 0 && { writesOwed: this.writesOwed }),
      ...(this.writesFailed > 0 && { writesFailed: this.writesFailed }),
    }
  }

  /** The action that must be durable before its CLOSE goes on; a folder has none. */
  closing(text: string): Action {
    const written = this.written.told().bytes > 0
    return {
      kind: 'sftp_close',
      verbs: ['close'],
      writes: written,
      text,
      touched: written ? { changes: [text] } : { reads: [text] },
      detail: { opened: this.seq, ...this.facts() },
      ...(written && { durable: true }),
      objections: [],
    }
  }

  /** What came of opening it, when it is over. */
  outcome(now: number, cut: boolean): Outcome {
    const { read, written } = this
    return {
      rows: this.names,
      bytes: this.folder ? this.listed : read.told().bytes + written.told().bytes,
      ms: now - this.since,
      cut,
      ...(!this.folder && { detail: this.facts() }),
    }
  }
}

function portionsOf(name: 'read' | 'written', digest: OffsetDigest): Detail {
  const { bytes, from, sha256, appended } = digest.told()
  if (bytes === 0) return {}
  return {
    [name]: bytes,
    ...(from !== undefined && from > 0 && { [`${name}From`]: from }),
    ...(appended && { [`${name}Appended`]: true }),
    ...(sha256 === undefined ? { [`${name}Scattered`]: true } : { [`${name}Sha256`]: sha256 }),
  }
}

/** Which handles are open, by the words of the target. */
export class OpenFiles {
  readonly #open = new Map<string, OpenFile>()
  readonly #ended = new Set<string>()
  /** OPENs that are asked for and not answered: they count against the bound. */
  coming = 0

  get full(): boolean {
    return this.#open.size + this.coming >= MOST_OPEN
  }

  /** False: the target says so of one that is open already. */
  add(handle: string, file: OpenFile): boolean {
    if (this.#open.has(handle)) return false
    this.#open.set(handle, file)
    return true
  }

  get(handle: string): OpenFile | undefined {
    return this.#open.get(handle)
  }

  /** Whether the handle was open before: asking for it now is a mistake, not an invention. */
  ended(handle: string): boolean {
    return this.#ended.has(handle)
  }

  /** Its CLOSE goes on: the target may give the handle to another file from now on. */
  end(handle: string): void {
    this.#open.delete(handle)
    // Behind the others: handles are used again, and the latest end counts.
    this.#ended.delete(handle)
    this.#ended.add(handle)
    if (this.#ended.size <= REMEMBERED) return
    for (const oldest of this.#ended) {
      this.#ended.delete(oldest)
      break
    }
  }

  takeAll(): OpenFile[] {
    const files = [...this.#open.values()]
    this.#open.clear()
    return files
  }
}
