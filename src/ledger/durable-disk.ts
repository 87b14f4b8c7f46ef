import { posix } from 'node:path'
import type { Disk, DiskFile } from './disk.ts'

/**
 * What a file system does, one step each, by absolute paths with `/`. Nothing lasts over a power cut but what
 * `DiskFile.sync` and `syncFolder` have returned for: until then any part of it may be there or not. Errors carry Node's `code`.
 */
export interface FileSystem {
  /** For reading and writing; undefined when absent. */
  open(path: string): Promise<DiskFile | undefined>
  /** For reading and writing, and empty, whatever was there before. */
  create(path: string): Promise<DiskFile>
  /** Undefined when absent. */
  read(path: string): Promise<Buffer | undefined>
  /** As `Disk.list`. */
  list(folder: string): Promise<readonly string[]>
  rename(from: string, to: string): Promise<void>
  /** False when it was absent. */
  unlink(path: string): Promise<boolean>
  /** With those above it that are missing; the first that was made, undefined when all were there. */
  makeFolder(path: string): Promise<string | undefined>
  /** What was created, renamed or removed directly in it lasts. */
  syncFolder(path: string): Promise<void>
}

/** Files that `replace` has half written carry this ending; they are left only by a crash and mean nothing. */
export const TEMPORARY = '.tmp'

let temporaries = 0

/**
 * A Disk on `folder` of a file system: the order of steps that makes each of its promises true, once for the real file
 * system and the simulated one. `folder` is made when absent. TypeError for paths with empty parts, `.`, `..` or NUL.
 */
export function durableDisk(files: FileSystem, folder: string): Disk {
  const at = (path: string): string => posix.join(folder, confined(path))

  /**
   * Folders of which this process knows that they last, with all names in them. One that is merely found may have been
   * made by a process that was killed before its sync: it would be there until the power goes.
   */
  const lasting = new Set<string>()

  /** Makes what is missing of `path`, and makes the names in it and above it last. */
  const settle = async (path: string): Promise<void> => {
    if (lasting.has(path)) return
    await files.makeFolder(path)
    const settled: string[] = []
    for (let at = path; !lasting.has(at); at = posix.dirname(at)) {
      if (at === path || isWithin(at, folder)) await files.syncFolder(at)
      else await syncForeign(files, at)
      settled.push(at)
      if (at === '/') break
    }
    for (const at of settled) lasting.add(at)
  }

  const syncNames = async (path: string): Promise<void> => {
    lasting.delete(path)
    await files.syncFolder(path)
    lasting.add(path)
  }

  return {
    async open(path) {
      const file = at(path)
      await settle(posix.dirname(file))
      const existing = await files.open(file)
      if (existing !== undefined) return existing
      const made = await files.create(file)
      await syncNames(posix.dirname(file))
      return made
    },
    async read(path) {
      return files.read(at(path))
    },
    async replace(path, bytes) {
      const file = at(path)
      temporaries += 1
      // One that a crash left is written over: a process may have the id of the one before it.
      const temporary = `${file}.${process.pid}-${temporaries}${TEMPORARY}`
      await settle(posix.dirname(file))
      try {
        await writeDurably(files, temporary, bytes)
        await files.rename(temporary, file)
      } catch (error) {
        await files.unlink(temporary).catch(() => undefined)
        throw error
      }
      await syncNames(posix.dirname(file))
    },
    async list(path) {
      return files.list(path === '' ? folder : at(path))
    },
    async remove(path) {
      const file = at(path)
      if (await files.unlink(file)) await syncNames(posix.dirname(file))
    },
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

/** A folder above the disk's own. One that this process may not even read, it has not made. */
async function syncForeign(files: FileSystem, path: string): Promise<void> {
  try {
    await files.syncFolder(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') throw error
  }
}

function confined(path: string): string {
  const parts = path.split('/')
  if (parts.some(part => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
    throw new TypeError(`"${path}" is not a path inside the folder`)
  }
  return path
}

async function writeDurably(files: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const file = await files.create(path)
  try {
    await file.write(0, bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}
