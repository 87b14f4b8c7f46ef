import type { ConnectionSheet, Grant } from '../../client/answers.ts'
import type { Client } from '../../client/client.ts'
import type { Call } from '../call.ts'

/** A program of the person's own, ready to be run. */
export interface Invocation {
  readonly program: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** One sentence for whoever does not have the program. */
  readonly install: string
  /** Removes what was made for this run only. */
  readonly done?: () => void
}

/** How people reach targets of one protocol with the clients they know: one file per kind. */
export interface NativeClient {
  /** What runs when nobody names a client. */
  readonly program: string
  /** Takes a login of its own, so that this connection can be told from others in the record. `args`: as typed after `--`. */
  prepare(call: Call, client: Client, grant: Grant, args: readonly string[]): Promise<Invocation>
  /** What a client of the person's own needs, for people to read and for `--json`; the secret is in it. */
  describe(
    call: Call,
    client: Client,
    sheet: ConnectionSheet,
  ): { readonly lines: readonly string[]; readonly facts: Readonly<Record<string, string>> }
}
