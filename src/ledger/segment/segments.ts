import type { Disk, DiskFile } from '../disk.ts'
import { digestFrame } from './digest-frame.ts'
import type { FramePlace } from './frame.ts'

export const SEGMENT_FOLDER = 'segments'
const ZEROS = Buffer.alloc(256 * 1024)
const OPEN_FILES = 64

export function segmentPath(number: number): string {
  return `${SEGMENT_FOLDER}/${String(number).padStart(8, '0')}.seg`
}

const NAME = /^(\d{8})\.seg$/

/** Undefined when the name is not that of a segment. */
export function segmentNumber(name: string): number | undefined {
  const found = NAME.exec(name)
  return found === null ? undefined : Number(found[1])
}

/** The segment that is written to, and where its next frame goes. */
export interface SegmentState {
  readonly active: number
  readonly offset: number
}

/**
 * The preallocated, zero-filled files frames are written to. Beyond the active segment a spare one always stands
 * ready: it is the reserve that ends of sessions use when the disk is full. One writer; any number of readers.
 */
export class Segments {
  readonly #disk: Disk
  readonly #bytes: number
  readonly #open = new Map<number, { readonly file: Promise<DiskFile>; users: number }>()
  #active: number
  #offset: number
  #allocated: number
  #allocating: Promise<void> | undefined

  constructor(disk: Disk, bytes: number, state: SegmentState) {
    this.#disk = disk
    this.#bytes = bytes
    this.#active = state.active
    this.#offset = state.offset
    this.#allocated = state.active - 1
  }

  /** The most bytes one frame can have. */
  get capacity(): number {
    return this.#bytes
  }

  /** Bytes left in the active segment. */
  get room(): number {
    return this.#bytes - this.#offset
  }

  /**
   * Writes a frame of `count` records that fits and resolves when it is on the disk, with where it stands and what the bytes that
   * were written hash to. After a rejection nothing more may be written.
   */
  async write(
    frame: Buffer,
    count: number,
  ): Promise<{ readonly place: FramePlace; readonly leaves: Buffer }> {
    const [segment, offset, end] = [this.#active, this.#offset, this.#offset + frame.length]
    await this.#with(segment, async file => {
      await file.write(offset, frame)
      await file.sync()
    })
    const { hash, leaves } = digestFrame(frame, count)
    this.#offset = end
    if (this.#offset > this.#bytes / 2 && !this.reserved) this.reserve().catch(() => undefined)
    return { place: { segment, offset, end, hash }, leaves }
  }

  /** Whether moving on to the next segment would leave a spare one behind it. */
  get reserved(): boolean {
    return this.#allocated >= this.#active + 2
  }

  /** Whether the segment that is written to is there in full. */
  get usable(): boolean {
    return this.#allocated >= this.#active
  }

  /** Brings one more segment to its full length; rejects with the disk's error, leaving nothing new behind. */
  reserve(): Promise<void> {
    this.#allocating ??= this.#allocate(this.#allocated + 1).finally(() => {
      this.#allocating = undefined
    })
    return this.#allocating
  }

  /** Moves on to the next segment; false when none is allocated. */
  advance(): boolean {
    if (this.#allocated <= this.#active) return false
    this.#active += 1
    this.#offset = 0
    return true
  }

  /** Fewer bytes than asked for only where the file ends. */
  read(segment: number, offset: number, length: number): Promise<Buffer> {
    return this.#with(segment, file => file.read(offset, length))
  }

  /** A whole segment, as long as its file is. */
  readAll(segment: number): Promise<Buffer> {
    return this.#with(segment, async file => file.read(0, await file.size()))
  }

  async close(): Promise<void> {
    await this.#allocating?.catch(() => undefined)
    for (const { file } of this.#open.values()) await (await file).close()
    this.#open.clear()
  }

  async #allocate(number: number): Promise<void> {
    const path = segmentPath(number)
    const file = await this.#disk.open(path)
    let size = 0
    try {
      size = await file.size()
      if (size < this.#bytes) {
        await fillWithZeros(file, size, this.#bytes)
        await file.sync()
      }
    } catch (error) {
      await file.close()
      if (size === 0) await this.#disk.remove(path).catch(() => undefined)
      throw error
    }
    // Stays open: the reserve is no reserve to a process that has no descriptor left to open it with.
    if (this.#open.has(number)) await file.close()
    else this.#open.set(number, { file: Promise.resolve(file), users: 0 })
    this.#allocated = number
  }

  async #with<T>(segment: number, use: (file: DiskFile) => Promise<T>): Promise<T> {
    let handle = this.#open.get(segment)
    if (handle === undefined) {
      await this.#closeIdle()
      handle = this.#open.get(segment) ?? { file: this.#disk.open(segmentPath(segment)), users: 0 }
      this.#open.set(segment, handle)
    }
    handle.users += 1
    try {
      return await use(await this.#opened(segment, handle.file))
    } finally {
      handle.users -= 1
    }
  }

  /** What could not be opened may be opened later. */
  async #opened(segment: number, file: Promise<DiskFile>): Promise<DiskFile> {
    try {
      return await file
    } catch (error) {
      this.#open.delete(segment)
      throw error
    }
  }

  /** A log of any length needs a bounded number of descriptors. */
  async #closeIdle(): Promise<void> {
    if (this.#open.size < OPEN_FILES) return
    for (const [number, handle] of this.#open) {
      if (handle.users > 0 || number >= this.#active) continue
      this.#open.delete(number)
      await (await handle.file).close()
      return
    }
  }
}

export async function fillWithZeros(file: DiskFile, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += ZEROS.length)
    await file.write(at, ZEROS.subarray(0, Math.min(ZEROS.length, to - at)))
}
