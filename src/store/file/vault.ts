import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../../kernel/faults.ts'
import { TEMPORARY } from '../../ledger/durable-disk.ts'
import { nodeDisk } from './node-disk.ts'

/** A record that cannot be what was stored. `file` is relative to the vault's folder. */
export interface VaultFinding {
  readonly file: string
  readonly what: string
}

/**
 * Secrets and personal records at rest, one sealed file each: seeds, password hashes, seal keys. File names are
 * keyed hashes of the record names and tell nothing. Destroying a record removes its file; copies that a file system,
 * a disk or a backup kept are beyond reach of this process.
 */
export interface Vault {
  /** Undefined when there is no such record; Fault `ledger.damaged` when it does not open. */
  get(name: string): Promise<Buffer | undefined>
  /** As `get`, at once; for the few places that cannot wait. */
  peek(name: string): Buffer | undefined
  /** Durable when it resolves; replaces atomically. */
  put(name: string, bytes: Uint8Array): Promise<void>
  /** Durable when it resolves. Nothing happens when absent. */
  destroy(name: string): Promise<void>
  /** Names that begin with `prefix`, sorted. Opens every record. */
  list(prefix: string): Promise<readonly string[]>
  /** Opens every record; what does not open, and files that do not belong, are findings. */
  verify(): Promise<readonly VaultFinding[]>
}

export interface VaultOptions {
  readonly folder: string
  /** 32 bytes; see `vault-key`. */
  readonly key: Buffer
}

const MAGIC = Buffer.from('bgvault1')
const NONCE = 12
const TAG = 16
const CIPHER = 'aes-256-gcm'
const RECORDS = 'records'
/** Opened at start: a wrong key is noticed there, not in the middle of an emergency. */
const CHECK = 'vault/check'
const NAME_LIMIT = 1024
const CACHED = 4096

/** Errors: `config.invalid` when the key is not the one the vault was made with; the disk's own. */
export async function openVault({ folder, key }: VaultOptions): Promise<Vault> {
  if (key.length !== 32) throw new TypeError('a vault key has 32 bytes')
  const vault = new FileVault(folder, key)
  const files = await vault.files()
  const check = await vault.get(CHECK).catch((cause: unknown) => {
    throw wrongKey(folder, cause)
  })
  if (check !== undefined) return vault
  // A vault with records but without this one was opened with another key: the file names depend on it.
  if (files.length > 0) throw wrongKey(folder, undefined)
  await vault.put(CHECK, Buffer.from('breakglass vault v1'))
  return vault
}

/** As `verify` of an open vault, also when the record that proves the key is itself damaged. For looking at a closed one. */
export function verifyVault({ folder, key }: VaultOptions): Promise<readonly VaultFinding[]> {
  return new FileVault(folder, key).verify()
}

class FileVault implements Vault {
  readonly #folder: string
  readonly #disk
  readonly #nameKey: Buffer
  readonly #sealKey: Buffer
  readonly #cache = new Map<string, Buffer>()
  /** Counts puts and destroys: a read that was overtaken by one must not bring back what it found. */
  #changes = 0
  /** The last write of each name still under way: writes of one name keep their order. */
  readonly #writing = new Map<string, Promise<void>>()

  constructor(folder: string, key: Buffer) {
    this.#folder = folder
    this.#disk = nodeDisk(folder)
    this.#nameKey = derive(key, 'breakglass vault: names v1')
    this.#sealKey = derive(key, 'breakglass vault: records v1')
  }

  async get(name: string): Promise<Buffer | undefined> {
    const known = this.#cache.get(name)
    if (known !== undefined) return Buffer.from(known)
    const file = this.#fileOf(name)
    const change = this.#changes
    const sealed = await this.#disk.read(file)
    return this.#opened(name, file, sealed, change === this.#changes)
  }

  peek(name: string): Buffer | undefined {
    const known = this.#cache.get(name)
    if (known !== undefined) return Buffer.from(known)
    const file = this.#fileOf(name)
    let sealed: Buffer
    try {
      sealed = readFileSync(join(this.#folder, file))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
    return this.#opened(name, file, sealed, true)
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    const length = Buffer.byteLength(name)
    if (length === 0 || length > NAME_LIMIT)
      throw new TypeError(`a record has a name of 1 to ${NAME_LIMIT} bytes`)
    const kept = Buffer.from(bytes)
    const file = this.#fileOf(name)
    return this.#inOrder(name, async () => {
      this.#changes += 1
      await this.#disk.replace(file, this.#seal(name, file, kept))
      this.#changes += 1
      this.#remember(name, kept)
    })
  }

  destroy(name: string): Promise<void> {
    return this.#inOrder(name, async () => {
      const file = this.#fileOf(name)
      this.#cache.get(name)?.fill(0)
      this.#cache.delete(name)
      this.#changes += 1
      await this.#disk.remove(file)
      this.#changes += 1
    })
  }

  async list(prefix: string): Promise<readonly string[]> {
    const names: string[] = []
    for (const file of await this.files()) {
      const record = this.#open(file, await this.#disk.read(file))
      if (record === undefined) throw damaged(file)
      if (record.name.startsWith(prefix) && record.name !== CHECK) names.push(record.name)
    }
    return names.sort()
  }

  async verify(): Promise<readonly VaultFinding[]> {
    const findings: VaultFinding[] = []
    for (const file of await this.files()) {
      const sealed = await this.#disk.read(file)
      if (this.#open(file, sealed) === undefined) findings.push({ file, what: 'the record does not open' })
    }
    return findings
  }

  async files(): Promise<string[]> {
    const names = await this.#disk.list(RECORDS)
    return names.filter(name => !name.endsWith(TEMPORARY)).map(name => `${RECORDS}/${name}`)
  }

  #fileOf(name: string): string {
    return `${RECORDS}/${createHmac('sha256', this.#nameKey).update(name).digest('hex')}`
  }

  /** magic ‖ nonce ‖ AES-256-GCM of (u16 length of the name ‖ name ‖ bytes) ‖ tag, bound to the file's name. */
  #seal(name: string, file: string, bytes: Buffer): Buffer {
    const nonce = randomBytes(NONCE)
    const cipher = createCipheriv(CIPHER, this.#sealKey, nonce)
    cipher.setAAD(Buffer.from(file))
    const text = Buffer.from(name)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(text.length)
    const body = [cipher.update(length), cipher.update(text), cipher.update(bytes), cipher.final()]
    return Buffer.concat([MAGIC, nonce, ...body, cipher.getAuthTag()])
  }

  #open(
    file: string,
    sealed: Buffer | undefined,
  ): { readonly name: string; readonly bytes: Buffer } | undefined {
    if (sealed === undefined || sealed.length < MAGIC.length + NONCE + 2 + TAG) return undefined
    if (!sealed.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
    const start = MAGIC.length + NONCE
    const decipher = createDecipheriv(CIPHER, this.#sealKey, sealed.subarray(MAGIC.length, start))
    decipher.setAAD(Buffer.from(file))
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
    try {
      const plain = Buffer.concat([
        decipher.update(sealed.subarray(start, sealed.length - TAG)),
        decipher.final(),
      ])
      const end = 2 + plain.readUInt16BE(0)
      const name = plain.toString('utf8', 2, end)
      return this.#fileOf(name) === file ? { name, bytes: plain.subarray(end) } : undefined
    } catch {
      return undefined
    }
  }

  /** `current`: nothing was written or destroyed since the bytes were read, so they may be remembered. */
  #opened(name: string, file: string, sealed: Buffer | undefined, current: boolean): Buffer | undefined {
    if (sealed === undefined) return undefined
    const record = this.#open(file, sealed)
    if (record?.name !== name) throw damaged(file)
    if (current) this.#remember(name, Buffer.from(record.bytes))
    return Buffer.from(record.bytes)
  }

  #remember(name: string, bytes: Buffer): void {
    this.#cache.delete(name)
    this.#cache.set(name, bytes)
    if (this.#cache.size <= CACHED) return
    const oldest = this.#cache.keys().next().value
    if (oldest !== undefined) this.#cache.delete(oldest)
  }

  #inOrder(name: string, write: () => Promise<void>): Promise<void> {
    const before = this.#writing.get(name) ?? Promise.resolve()
    const written: Promise<void> = before.then(write, write).finally(() => {
      if (this.#writing.get(name) === written) this.#writing.delete(name)
    })
    this.#writing.set(name, written)
    return written
  }
}

function derive(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), purpose, 32))
}

function damaged(file: string): Fault {
  return new Fault('ledger.damaged', `The vault record ${file} does not open.`, {
    next: 'Restore the file from a backup of the vault.',
    facts: { file },
  })
}

function wrongKey(folder: string, cause: unknown): Fault {
  return new Fault('config.invalid', `The vault key does not open the vault in ${folder}.`, {
    next: 'Give the key the vault was made with, or rebuild it from the recovery shares.',
    cause,
  })
}
