import { sameBytes } from '../../kernel/bytes.ts'
import type { Disk } from '../disk.ts'
import { decodeKept, encodeKept, keptText } from './kept-file.ts'

/** In the log's folder: what the owner of a log derived from it and wants back at the next start. */
export const KEPT_FOLDER = 'kept'

const NAME = /^[a-z]+(-[a-z0-9]+)*$/

/** Undefined when no such file is kept. */
export function keptKind(origin: string, name: string): string | undefined {
  return NAME.test(name) ? `${name} of ${origin}` : undefined
}

export interface KeptFilesOptions {
  readonly origin: string
  readonly disk: Disk
  readonly mac: (bytes: Buffer) => Promise<Buffer>
}

/** Texts of one line under the signer's MAC, by name. */
export class KeptFiles {
  readonly #options: KeptFilesOptions

  constructor(options: KeptFilesOptions) {
    this.#options = options
  }

  /** Durable when it resolves. Rejects with the disk's error. */
  async put(name: string, body: string): Promise<void> {
    const { disk, mac } = this.#options
    const kind = this.#kind(name)
    await disk.replace(
      `${KEPT_FOLDER}/${name}`,
      encodeKept(kind, { body, mac: await mac(keptText(kind, body)) }),
    )
  }

  /** Undefined unless it is what `put` was given, for this log and under this name. */
  async get(name: string): Promise<string | undefined> {
    const { disk, mac } = this.#options
    const kind = this.#kind(name)
    const stored = await disk.read(`${KEPT_FOLDER}/${name}`)
    const kept = stored && decodeKept(kind, stored)
    if (kept === undefined || !sameBytes(kept.mac, await mac(keptText(kind, kept.body)))) return undefined
    return kept.body
  }

  #kind(name: string): string {
    const kind = keptKind(this.#options.origin, name)
    if (kind === undefined) throw new TypeError(`nothing is kept under the name ${name}`)
    return kind
  }
}
