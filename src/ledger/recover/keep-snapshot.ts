import type { Disk } from '../disk.ts'
import { encodeSnapshot, type Snapshot, SNAPSHOT_FILE } from './snapshot.ts'

export interface SnapshotKeeperOptions {
  readonly disk: Disk
  readonly mac: (bytes: Buffer) => Promise<Buffer>
  /** What is durable at this moment; undefined while the log is empty. Synchronous, so that all of it is of one moment. */
  readonly capture: () => Snapshot | undefined
}

/** Writes the snapshot of a running log, one at a time. Owned by the log. */
export class SnapshotKeeper {
  readonly #options: SnapshotKeeperOptions
  #writing: Promise<void> | undefined

  constructor(options: SnapshotKeeperOptions) {
    this.#options = options
  }

  /** A segment was left behind. What cannot be written now costs the next start some reading, and nobody anything else. */
  touch(): void {
    if (this.#writing !== undefined) return
    this.write().catch(() => undefined)
  }

  /** Resolves when a snapshot of this moment is durable. Rejects with the disk's error. */
  async write(): Promise<void> {
    await this.#writing?.catch(() => undefined)
    const snapshot = this.#options.capture()
    if (snapshot === undefined) return
    this.#writing = this.#store(snapshot).finally(() => {
      this.#writing = undefined
    })
    await this.#writing
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#writing?.catch(() => undefined)
  }

  async #store(snapshot: Snapshot): Promise<void> {
    const { disk, mac } = this.#options
    await disk.replace(SNAPSHOT_FILE, await encodeSnapshot(snapshot, mac))
  }
}
