/**
 * What runs through one channel once its start is permitted: a program, a file transfer, a forward. Owned by its channel; records what
 * passes and sends it on. A promise means that evidence is waited for: nothing more of the client comes until it resolves.
 */
export interface Flow {
  fromClient(bytes: Buffer): void | Promise<void>
  /** The client has no more to send; when it resolves, that may be told to the target. */
  clientEof(): void | Promise<void>
  fromTarget(bytes: Buffer, stderr: boolean): void
  /** The client takes more than it did. */
  clientHasRoom?(): void
  /**
   * A request of the client about what runs (`window-change`, `signal`, `break`, `eow@openssh.com`). True once it is recorded as the
   * procedure demands and may go on to the target; absent: nothing can be asked of it.
   */
  asked?(name: string, data: Buffer): boolean | Promise<boolean>
  /** A request of the target about what ran (`exit-status`, `exit-signal`), on its way to the client. */
  told?(name: string, data: Buffer): void
  /** A sentence for the person while it runs. */
  notice?(text: string): void
  /** The last sentence. True: it was said where the person reads it. */
  farewell?(text: string): boolean
  /** The channel is over; the outcome is recorded. Called once. */
  closed(): void
}
