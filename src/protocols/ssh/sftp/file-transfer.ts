import type { Action, Outcome, Permit, SessionRules } from '../../../target/action.ts'

/**
 * What a transfer may ask of the relay that owns the channel. Everything is of one channel; all calls are made from within
 * `fromClient`, `fromTarget`, `close`, or what these wait for.
 */
export interface FileTransferPorts {
  readonly rules: SessionRules
  /** Records before anything is forwarded; see `Guard.submit`. */
  submit(action: Action): Permit | Promise<Permit>
  finish(seq: number, outcome: Outcome): void
  /** Client bytes that may go on, in order, unchanged in length. Views: valid until the promise of their chunk has resolved. */
  toTarget(bytes: Buffer): void
  /** Target bytes, passed on in order. */
  toClient(bytes: Buffer): void
  /**
   * Bytes of ours to the client, between two packets of the target. They use up window that nobody granted for them. False: there is
   * no room for all of them now, and none were sent; `clientHasRoom` tells when to try again.
   */
  answer(bytes: Buffer): boolean
  /** So many client bytes are not forwarded: their window is to be given back. */
  swallowed(count: number): void
  /** Monotonic ms. */
  now(): number
  /** The session ends. `what` is one clause without personal data; nothing is forwarded from then on. */
  violation(what: string): void
}

/**
 * Watches one channel in both directions. Never throws and never rejects: what cannot be read is a violation. Buffers handed in
 * are not kept beyond the call, or beyond the promise it returned.
 */
export interface FileTransfer {
  /** A promise while evidence is waited for, or room: the relay hands in nothing more until it has resolved. */
  fromClient(bytes: Buffer): void | Promise<void>
  fromTarget(bytes: Buffer): void
  /** The client takes more than it did. */
  clientHasRoom(): void
  /** The channel is over: what is still open or unanswered finishes as cut. Idempotent. */
  close(): void
}
