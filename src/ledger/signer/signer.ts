import type { Fault } from '../../kernel/faults.ts'

/** The consistency proof (RFC 6962 §2.1.2) from the tree of `from` entries to the one that is to be signed. */
export type ProveExtension = (from: number) => Promise<readonly Buffer[]>

/**
 * Who signs the heads of one log. It never signs two different trees of one size, nor a smaller one than it signed, nor
 * one that is not proven to extend what it signed last: its memory of the last signed head is durable before the
 * signature leaves it.
 */
export interface Signer {
  /** c2sp.org/signed-note verifier key; its name is the log's origin. */
  readonly vkey: string
  /** Of all keys that sign, `vkey` (the oldest) first: two while one takes over from the other. */
  readonly vkeys: readonly string[]
  /**
   * The signed checkpoint. `prove` is asked at most once, when something was signed before. Rejects with Fault
   * `ledger.damaged` rather than contradict what it signed before.
   */
  sign(head: SignedHead, prove: ProveExtension): Promise<string>
  /**
   * HMAC-SHA256 of a digest (32 bytes) under a key that never leaves the signer: for what a log keeps for itself and wants back
   * unchanged.
   */
  mac(digest: Buffer): Promise<Buffer>
  last(): SignedHead | undefined
  /** Called once when it can no longer sign, also while nothing is asked of it; never by one in this process. */
  onLost?(listener: (fault: Fault) => void): void
  /** Called by the log that was opened with it, when that log closes. */
  close(): Promise<void>
}

export interface SignedHead {
  readonly size: number
  readonly root: Buffer
}
