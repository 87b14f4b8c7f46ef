import type { Disk, DiskFile } from './disk.ts'

const SECTOR = 512

interface Stored {
  /** What a reader sees. */
  current: Buffer
  /** What is on the medium. */
  durable: Buffer
  readonly dirty: Set<number>
}

/** Counts operations over several disks; at zero the power is gone for all of them. */
export class Power {
  #left = Number.POSITIVE_INFINITY

  cutAfter(operations: number): void {
    this.#left = operations
  }

  get isGone(): boolean {
    return this.#left <= 0
  }

  use(): void {
    this.#left -= 1
    if (this.#left <= 0) throw Object.assign(new Error('the power is gone'), { code: 'EIO' })
  }
}

/**
 * A disk in memory that keeps its promises and nothing more: what was written and not synced is, after a power cut, there
 * or not sector by sector, in any order, and one sector may be torn.
 */
export class CrashDisk implements Disk {
  #files = new Map<string, Stored>()
  readonly #power: Power

  constructor(power: Power) {
    this.#power = power
  }

  async open(path: string): Promise<DiskFile> {
    await this.#step()
    let file = this.#files.get(path)
    if (file === undefined) {
      file = { current: Buffer.alloc(0), durable: Buffer.alloc(0), dirty: new Set() }
      this.#files.set(path, file)
    }
    return this.#handle(file)
  }

  async read(path: string): Promise<Buffer | undefined> {
    await this.#step()
    const file = this.#files.get(path)
    return file && Buffer.from(file.current)
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    await this.#step()
    this.#files.set(path, { current: Buffer.from(bytes), durable: Buffer.from(bytes), dirty: new Set() })
  }

  async list(folder: string): Promise<readonly string[]> {
    await this.#step()
    const prefix = folder === '' ? '' : `${folder}/`
    const names = [...this.#files.keys()]
      .filter(path => path.startsWith(prefix))
      .map(path => path.slice(prefix.length))
    return [...new Set(names.map(name => (name.includes('/') ? `${name.split('/')[0]}/` : name)))].sort()
  }

  async remove(path: string): Promise<void> {
    await this.#step()
    this.#files.delete(path)
  }

  /** The disk as it is found after the power came back. `chance`: 0 ≤ x < 1. */
  afterCut(power: Power, chance: () => number): CrashDisk {
    const next = new CrashDisk(power)
    for (const [path, { current, durable, dirty }] of this.#files) {
      const found = Buffer.alloc(dirty.size > 0 && chance() < 0.5 ? current.length : durable.length)
      durable.copy(found)
      for (const sector of dirty) {
        const at = sector * SECTOR
        const luck = chance()
        const kept = luck < 0.45 ? 0 : luck < 0.9 ? SECTOR : Math.floor(chance() * SECTOR)
        if (at < found.length) current.copy(found, at, at, Math.min(at + kept, found.length))
      }
      next.#files.set(path, { current: Buffer.from(found), durable: found, dirty: new Set() })
    }
    return next
  }

  #handle(file: Stored): DiskFile {
    return {
      size: async () => {
        await this.#step()
        return file.current.length
      },
      read: async (offset, length) => {
        await this.#step()
        return Buffer.from(file.current.subarray(offset, offset + length))
      },
      write: async (offset, bytes) => {
        await this.#step()
        const end = offset + bytes.length
        if (end > file.current.length)
          file.current = Buffer.concat([file.current, Buffer.alloc(end - file.current.length)])
        file.current.set(bytes, offset)
        for (let at = Math.floor(offset / SECTOR); at * SECTOR < end; at += 1) file.dirty.add(at)
      },
      sync: async () => {
        await this.#step()
        file.durable = Buffer.from(file.current)
        file.dirty.clear()
      },
      close: () => Promise.resolve(),
    }
  }

  /** Others run in between, as with a real disk. */
  async #step(): Promise<void> {
    await new Promise<void>(resolve => setImmediate(resolve))
    this.#power.use()
  }
}
