import { constants, fdatasync, writeSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Disk, DiskFile } from '../../ledger/disk.ts'
import { durableDisk, type FileSystem } from '../../ledger/durable-disk.ts'

/** A Disk on a folder of the local file system, made when absent (mode 0700; files 0600). Other errors carry Node's `code`. */
export function nodeDisk(folder: string): Disk {
  return durableDisk(LOCAL, resolve(folder))
}

/** Never through a link that somebody put there. */
const NEW = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW

const LOCAL: FileSystem = {
  async open(path) {
    const handle = await unlessAbsent(open(path, constants.O_RDWR))
    return handle && new NodeFile(handle)
  },
  async create(path) {
    return new NodeFile(await open(path, NEW, 0o600))
  },
  read: path => unlessAbsent(readFile(path)),
  async list(folder) {
    const found = await unlessAbsent(readdir(folder, { withFileTypes: true }))
    return (found ?? []).map(one => (one.isDirectory() ? `${one.name}/` : one.name)).sort()
  },
  rename,
  async unlink(path) {
    return (await unlessAbsent(unlink(path).then(() => true))) ?? false
  },
  makeFolder: path => mkdir(path, { recursive: true, mode: 0o700 }),
  async syncFolder(path) {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

/** Undefined where the file or folder is not there. */
async function unlessAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
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
