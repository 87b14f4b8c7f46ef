import type { Fault } from '../kernel/faults.ts'
import type { JsonObject, JsonValue } from '../kernel/json.ts'
import type { CanonicalText } from './entry/jcs.ts'
import type { Receipt, SignedReceipt } from './receipt.ts'

/** A key that seals payloads. `bytes`: 32, AES-256. Destroying it erases what it sealed; the tree still verifies. */
export interface SealKey {
  /** `subject/p_…` or `session/s_…`; stands in the frame beside the ciphertext, never in the leaf. */
  readonly name: string
  readonly bytes: Buffer
}

/** Finds the key a stored payload was sealed under; undefined = erased. Owned by the vault. */
export interface KeyRing {
  find(name: string): SealKey | undefined
}

/** A payload opened with its salt: together they prove to anybody what the leaf's commitment stands for. */
export interface Opened {
  readonly payload: JsonValue
  readonly salt: Buffer
  /** JCS(payload), the bytes that were committed to. */
  readonly text: Buffer
}

/** What a caller wants to have logged. The log adds `v, id, t, mono, boot, src, sseq, sprev` and the commitment. */
export interface Draft {
  /** UUIDv7 with prefix `e_`; the idempotency key. The log makes one when absent. */
  readonly id?: string
  /** Wall time in ms UTC; the log's clock when absent. Log time never goes back: an earlier value is lifted to the last. */
  readonly t?: number
  /** `grant.activated`, `action`, … */
  readonly type: string
  /** Who wrote it: `control`, or a session id. `sseq` and `sprev` run per source. */
  readonly src: string
  /** A pseudonym (`p_…`), never a name or an address. */
  readonly subject?: string
  readonly target?: string
  readonly outcome?: string
  /** Leaf fields: public to whoever may see the log. No personal data, no statement text. */
  readonly data: JsonObject | CanonicalText
  /** Personal or confidential part: sealed in the same frame; the leaf holds HMAC-SHA256(salt, JCS(payload)) only. */
  readonly payload?: JsonValue | CanonicalText
  /** Required with `payload`. */
  readonly seal?: SealKey
}

/** An entry as read back. `bytes` are exactly what was hashed: verifiers hash these and never re-serialise. */
export interface Entry {
  readonly index: number
  readonly bytes: Buffer
  readonly leafHash: Buffer
  readonly v: number
  readonly id: string
  readonly t: number
  readonly mono: number
  readonly boot: string
  readonly src: string
  readonly sseq: number
  /** Hex of the previous leaf hash of the same source; absent on the first. */
  readonly sprev?: string
  readonly type: string
  readonly subject?: string
  readonly target?: string
  readonly outcome?: string
  readonly data: JsonObject
  /** Name of the key that sealed the payload, if there is one. */
  readonly sealedBy?: string
}

/** A place taken in the log. The index is known at once; nothing may be believed before `durable` or `signed` resolves. */
export interface Pending {
  /** Index of the first draft; the others follow without gap. */
  readonly first: number
  /** The entries as they will be stored, in order; for speculative folding by the one writer only. */
  readonly entries: readonly Entry[]
  /** Resolves after fdatasync of the frame: enough to forward an action. Rejects with a Fault when it was not written. */
  durable(): Promise<readonly Receipt[]>
  /** Resolves after a checkpoint that covers it was signed and stored: enough to acknowledge a control act. */
  signed(): Promise<readonly SignedReceipt[]>
}

export interface Head {
  readonly size: number
  readonly root: Buffer
  /** The signed note of this head, byte for byte as served at `/ledger/<log>/checkpoint`. */
  readonly checkpoint: string
}

export interface AppendOptions {
  /** May use the preallocated reserve when there is no space for another segment. */
  readonly reserve?: boolean
  /** The caller has gathered what belongs together: an idle log writes at once instead of waiting for company. */
  readonly gathered?: boolean
}

/**
 * An append-only, tamper-evident log (LEDGER). One process owns it. Errors:
 * `ledger.full` – no space, or no descriptor to open the next file with: nothing of the call was written, later calls may succeed
 * when there is some again;
 * `ledger.failed` – fsync or write error: fail-stop, every later call rejects until a restart has recovered;
 * `ledger.too_large` – an entry above 32 KiB: refused, never trimmed.
 */
export interface Log {
  readonly name: string
  readonly origin: string
  /** Verifier keys (c2sp.org/signed-note) of all keys that sign its heads, the oldest first. */
  readonly vkeys: readonly string[]
  /** Entries written or being written; the next draft gets this index. */
  readonly length: number
  /**
   * All drafts go into one frame, or none does. Synchronous up to taking the place; I/O follows. Throws at once, without
   * having taken a place, what is already known: too large, full, failed or closed. When a queued append is refused for
   * lack of space, those queued behind it are refused with it (their indices would shift); `reserve` may use the
   * preallocated reserve, and is worth appending again after such a refusal.
   */
  append(drafts: readonly Draft[], options?: AppendOptions): Pending
  /** Last signed head. */
  head(): Head
  /** One durable entry. */
  read(index: number): Promise<Entry>
  /** Durable entries in order from `from` up to, not including, `to` (default: all durable at the time of the call). */
  entries(from: number, to?: number): AsyncIterable<Entry>
  /**
   * Those of one source, in order, from index `from` up to, not including, `to`; each must follow the one before it. The
   * others in between are passed over unread.
   */
  entriesOf(src: string, from: number, to: number): AsyncIterable<Entry>
  /** Opens the sealed payload. Fault `evidence.erased` when its key is gone; undefined when the entry has none. */
  payload(index: number, keys: KeyRing): Promise<JsonValue | undefined>
  /** As `payload`, with the salt: what shows to a third party what the leaf's commitment stands for. */
  opened(index: number, keys: KeyRing): Promise<Opened | undefined>
  /** RFC 6962 inclusion proof for `index` in the tree of `size` (default: the signed head). Hashes, leaf to root. */
  inclusion(index: number, size?: number): Promise<readonly Buffer[]>
  consistency(from: number, to?: number): Promise<readonly Buffer[]>
  /** A file of the standard layout (c2sp.org/tlog-tiles) by its path, `checkpoint` apart; undefined when the tree has none such. */
  readTile(path: string): Promise<Buffer | undefined>
  /**
   * Keeps one line of text beside the log under the signer's MAC: for what its owner derived from it. Durable when it
   * resolves; rejects with the disk's error. `name`: lower-case words and numbers joined by `-`.
   */
  keep(name: string, text: string): Promise<void>
  /** What was kept last under the name; undefined when there is none, or when anybody else wrote it. */
  kept(name: string): Promise<string | undefined>
  /** Why appends are refused: something has run out, which may pass, or the log failed. */
  readonly trouble: 'full' | 'failed' | undefined
  /**
   * Called on every change of `trouble`, and at once when there is some, with the fault that appends meet; a full log asks again
   * for what it lacks by itself every second.
   */
  onTrouble(listener: (trouble: 'full' | 'failed' | undefined, why?: Fault) => void): void
  close(): Promise<void>
}
