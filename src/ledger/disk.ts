/**
 * The few file operations the log needs, so that crash tests can put a simulated disk below it. Paths are relative to
 * the log's folder and use `/`. Errors carry Node's `code` (ENOSPC, EIO, EROFS, …).
 */
export interface Disk {
  /** Opens for reading and writing, creating when absent. */
  open(path: string): Promise<DiskFile>
  /** Undefined when absent. */
  read(path: string): Promise<Buffer | undefined>
  /** Atomic and durable: temporary file, fsync, rename, fsync of the folder. */
  replace(path: string, bytes: Uint8Array): Promise<void>
  list(folder: string): Promise<readonly string[]>
  remove(path: string): Promise<void>
}

export interface DiskFile {
  size(): Promise<number>
  read(offset: number, length: number): Promise<Buffer>
  write(offset: number, bytes: Uint8Array): Promise<void>
  /** fdatasync; after an error the file must not be used again (LEDGER: never retry fsync on the same descriptor). */
  sync(): Promise<void>
  close(): Promise<void>
}
