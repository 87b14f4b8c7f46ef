/** Known to this file alone: what is made without it is no receipt. */
const maker = Symbol('receipt')

/**
 * Proof that an entry is durable: only this folder makes one, after fdatasync returned. Holding it is what allows
 * an action to be forwarded or a target to be dialled (DESIGN §1.1).
 */
export class Receipt {
  readonly #proof = true
  readonly log: string
  readonly index: number
  readonly leafHash: Buffer
  /** Wall time of the entry, ms UTC. */
  readonly t: number

  /** @internal Call `durableReceipt`. */
  constructor(by: symbol, log: string, index: number, leafHash: Buffer, t: number) {
    if (by !== maker) throw new TypeError('a receipt is made by the log alone')
    this.log = log
    this.index = index
    this.leafHash = leafHash
    this.t = t
  }

  static is(value: unknown): value is Receipt {
    return value instanceof Receipt && #proof in value
  }
}

/** A receipt whose entry a signed checkpoint covers; proofs are made from the log on demand. */
export class SignedReceipt extends Receipt {
  /** Size of the tree the checkpoint signs. */
  readonly size: number
  readonly checkpoint: string

  constructor(
    by: symbol,
    log: string,
    index: number,
    leafHash: Buffer,
    t: number,
    size: number,
    checkpoint: string,
  ) {
    super(by, log, index, leafHash, t)
    this.size = size
    this.checkpoint = checkpoint
  }
}

/** Only commit.ts calls this, after fdatasync returned for the frame that holds the entry. */
export function durableReceipt(log: string, index: number, leafHash: Buffer, t: number): Receipt {
  return new Receipt(maker, log, index, leafHash, t)
}

/** Only commit.ts calls this, after the checkpoint was signed and stored. */
export function signedReceipt(receipt: Receipt, size: number, checkpoint: string): SignedReceipt {
  return new SignedReceipt(maker, receipt.log, receipt.index, receipt.leafHash, receipt.t, size, checkpoint)
}
