import { constants, fdatasync, writeSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Disk, DiskFile } from '../../ledger/disk.ts'

/** Files written half by `replace` carry this ending; they are left only by a crash and mean nothing. */
export const TEMPORARY = '.tmp'

let temporaries = 0

/**
 * A Disk on a folder of the local file system, made when absent (mode 0700; files 0600). Paths are relative, use `/`,
 * and never leave the folder: TypeError for empty parts, `.`, `..` and NUL. Other errors carry Node's `code`.
 */
export function nodeDisk(folder: string): Disk {
  const at = (path: string): string => join(folder, confined(path))
  return {
    async open(path) {
      const file = at(path)
      const existing = await openExisting(file)
      if (existing !== undefined) return new NodeFile(existing)
      await makeFolder(dirname(file))
      const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o600)
      await syncFolder(dirname(file))
      return new NodeFile(handle)
    },
    async read(path) {
      try {
        return await readFile(at(path))
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw error
      }
    },
    async replace(path, bytes) {
      const file = at(path)
      temporaries += 1
      const temporary = `${file}.${process.pid}-${temporaries}${TEMPORARY}`
      await makeFolder(dirname(file))
      try {
        await writeDurably(temporary, bytes)
        await rename(temporary, file)
      } catch (error) {
        await unlink(temporary).catch(() => undefined)
        throw error
      }
      await syncFolder(dirname(file))
    },
    async list(path) {
      try {
        const found = await readdir(path === '' ? folder : at(path), { withFileTypes: true })
        return found.map(one => (one.isDirectory() ? `${one.name}/` : one.name)).sort()
      } catch (error) {
        if (isAbsent(error)) return []
        throw error
      }
    },
    async remove(path) {
      const file = at(path)
      try {
        await unlink(file)
      } catch (error) {
        if (isAbsent(error)) return
        throw error
      }
      await syncFolder(dirname(file))
    },
  }
}

function confined(path: string): string {
  const parts = path.split('/')
  if (parts.some(part => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
    throw new TypeError(`"${path}" is not a path inside the folder`)
  }
  return path
}

async function openExisting(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, constants.O_RDWR)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

async function writeDurably(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes missing folders and makes each of them durable in its parent. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  const stop = dirname(first)
  for (let made = folder; made !== stop; made = dirname(made)) await syncFolder(dirname(made))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

/** Bytes up to which a write is made in this thread. */
const AT_ONCE = 64 * 1024

class NodeFile implements DiskFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length)
    let done = 0
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, offset + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return bytes.subarray(0, done)
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    let done = 0
    // A small write ends in the page cache within microseconds: handing it to the thread pool and waiting for the turn of the
    // event loop costs a busy process many times that. What takes time is the sync, and that never runs here.
    if (bytes.length <= AT_ONCE) {
      while (done < bytes.length)
        done += writeSync(this.#handle.fd, bytes, done, bytes.length - done, offset + done)
      return
    }
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, offset + done)
      done += bytesWritten
    }
  }

  async sync(): Promise<void> {
    // By descriptor: the promises of a FileHandle cost a busy log as much as its hashing.
    await new Promise<void>((resolve, reject) => {
      fdatasync(this.#handle.fd, error => (error ? reject(error) : resolve()))
    })
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
