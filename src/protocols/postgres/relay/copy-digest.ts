import { RunningDigest } from '../../../wire/digest/running-digest.ts'

/** What one COPY FROM STDIN has carried so far: the record holds its digest, the data go to the target only. */
export class CopyDigest {
  #digest: RunningDigest | undefined

  /** Data have come that no CopyDone or CopyFail has ended. */
  get begun(): boolean {
    return this.#digest !== undefined
  }

  add(data: Buffer): void {
    this.#digest ??= new RunningDigest()
    this.#digest.update(data)
  }

  /** SHA-256 (hex) over the data of all CopyData messages without their headers, and their size; starts anew. */
  take(): { sha256: string; bytes: number } {
    const digest = this.#digest ?? new RunningDigest()
    this.#digest = undefined
    return { sha256: digest.told(), bytes: digest.length }
  }
}
