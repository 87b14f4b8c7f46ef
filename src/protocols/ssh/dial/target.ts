import type { Passage } from '../../../target/passage.ts'
import type { TargetConnection } from '../../../target/protocol.ts'
import { DISCONNECT } from '../messages/numbers.ts'
import type { SshTransport, TransportEvents } from '../transport/transport.ts'
import type { TargetLink } from './target-link.ts'

/** A target that was dialled for one session, and where it is. */
export class SshTarget implements TargetConnection {
  readonly facts: Readonly<Record<string, string | number>>
  readonly place: { readonly name: string; readonly host: string; readonly port: number }
  /** The grant's login, which marks all that runs here. */
  readonly login: string
  /** What runs whatever is asked for: the certificate says so. */
  readonly forced: string | undefined
  readonly #link: TargetLink

  constructor(
    link: TargetLink,
    place: SshTarget['place'],
    account: string,
    { login, forceCommand }: Pick<Passage, 'login' | 'forceCommand'>,
  ) {
    this.#link = link
    this.place = place
    this.login = login.name
    this.forced = forceCommand
    this.facts = { server: link.transport.peer, account, port: link.localPort }
  }

  get transport(): SshTransport {
    return this.#link.transport
  }

  attach(events: TransportEvents): void {
    this.#link.attach(events)
  }

  close(): void {
    void this.transport.disconnect(DISCONNECT.byApplication, '')
  }
}
