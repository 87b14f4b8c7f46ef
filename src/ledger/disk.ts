/**
 * The few file operations the log needs, so that crash tests can put a simulated disk below it. Paths are relative to
 * the log's folder and use `/`. Errors carry Node's `code` (ENOSPC, EIO, EROFS, …).
 */
export interface Disk {
  /** Opens for reading and writing; created when absent, durably so (fsync of the folder). */
  open(path: string): Promise<DiskFile>
  /** Undefined when absent. */
  read(path: string): Promise<Buffer | undefined>
  /** Atomic and durable: temporary file, fsync, rename, fsync of the folder. */
  replace(path: string, bytes: Uint8Array): Promise<void>
  /** Names in a folder, sorted; those of folders end with `/`. Empty when the folder is absent; '' is the root. */
  list(folder: string): Promise<readonly string[]>
  /** Durable. Nothing happens when absent. */
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
