import type { AlertMessage } from './alert.ts'

/** One way an alert can go. A kind is one folder, one line in `channels/registry.ts`, and passes `channel-contract.suite.ts`. */
export interface Channel {
  /** The same after every restart and wherever it stands in the configuration: kind and a digest of its address. */
  readonly id: string
  readonly kind: string
  /**
   * Resolves when the receiver has confirmed. Throws DeliveryFailure otherwise; must give up by itself within ten seconds.
   * The same message may be sent more than once and carries the same id each time.
   */
  send(message: AlertMessage): Promise<void>
  close(): void
}

/** `refused`: the receiver does not want this message. `unreachable`: nothing gets through at present. */
export type FailureKind = 'refused' | 'unreachable'

export class DeliveryFailure extends Error {
  override readonly name = 'DeliveryFailure'
  readonly kind: FailureKind
  /** Milliseconds the receiver asked us to wait. */
  readonly retryAfterMs: number | undefined

  constructor(kind: FailureKind, message: string, retryAfterMs?: number) {
    super(message)
    this.kind = kind
    this.retryAfterMs = retryAfterMs
  }
}

/** What configuration says about a channel; each kind reads its own part. */
export interface ChannelSettings {
  readonly channel: string
  readonly url: string
  /** Read at each delivery, so that it can be rotated. */
  readonly secret: () => string
  /** Private addresses and ranges that may be dialled. */
  readonly allow: readonly string[]
}
