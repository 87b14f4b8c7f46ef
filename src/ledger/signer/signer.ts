/**
 * Who signs the heads of one log. It never signs two different trees of one size, nor a smaller one than it signed:
 * its memory of the last signed head is durable before the signature leaves it.
 */
export interface Signer {
  /** c2sp.org/signed-note verifier key; its name is the log's origin. */
  readonly vkey: string
  /** The signed checkpoint. Rejects with Fault `ledger.damaged` rather than contradict what it signed before. */
  sign(size: number, root: Buffer): Promise<string>
  last(): SignedHead | undefined
  /** Called by the log that was opened with it, when that log closes. */
  close(): Promise<void>
}

export interface SignedHead {
  readonly size: number
  readonly root: Buffer
}
