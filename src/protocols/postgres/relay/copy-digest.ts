import { createHash, type Hash } from 'node:crypto'

/** What one COPY FROM STDIN has carried so far: the record holds its digest, the data go to the target only. */
export class CopyDigest {
  #hash: Hash | undefined
  #bytes = 0

  /** Data have come that no CopyDone or CopyFail has ended. */
  get begun(): boolean {
    return this.#hash !== undefined
  }

  add(data: Buffer): void {
    this.#hash ??= createHash('sha256')
    this.#hash.update(data)
    this.#bytes += data.length
  }

  /** SHA-256 (hex) over the data of all CopyData messages without their headers, and their size; starts anew. */
  take(): { sha256: string; bytes: number } {
    const sha256 = (this.#hash ?? createHash('sha256')).digest('hex')
    const bytes = this.#bytes
    this.#hash = undefined
    this.#bytes = 0
    return { sha256, bytes }
  }
}
