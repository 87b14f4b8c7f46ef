import type { Signer } from './signer.ts'

/**
 * Where the signers of all logs live: their keys and what each signed last. In this process (`openSignerKeep`) or in
 * one of its own (`SignerChannel`).
 */
export interface SignerHouse {
  /**
   * The signer of a log, for one holder at a time; its `close` gives it back. `create`: the log is empty, so a key may be
   * made. Faults: `ledger.damaged` when there is no key for a log that exists, or its memory cannot be read;
   * `ledger.in_use` while somebody else holds it.
   */
  open(origin: string, options: { readonly create: boolean }): Promise<Signer>
  /**
   * Takes over key and memory of a log that was signed elsewhere until now; durable when it resolves. `memory`: the file
   * of two slots as it was. Doing it again changes nothing, and the memory never goes back. Fault `conflict` when there is
   * another key for this log already, `ledger.damaged` when the memory is not of this key.
   */
  adopt(origin: string, seed: Buffer, memory: Buffer): Promise<void>
  close(): Promise<void>
}
