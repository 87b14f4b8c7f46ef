import type { KeyObject } from 'node:crypto'
import { Fault } from '../../../kernel/faults.ts'
import type { Passage } from '../../../target/passage.ts'
import { Passage as Passages } from '../../../target/passage.ts'
import type { ClientConnection } from '../../../target/protocol.ts'
import { accountOf, readSettings } from '../administration/settings.ts'
import { sessionCertificate } from './session-certificate.ts'
import { SshTarget } from './target.ts'
import { openLink } from './target-link.ts'

export interface DialOptions {
  readonly ca: KeyObject
  /** Wall milliseconds. */
  now(): number
  readonly timeoutMs: number
  /** Fault `session.ended` when the passage's login was taken away; asked before the target is touched and again at the end. */
  demandLiving(passage: Passage): void
}

/**
 * Opens a connection in the grant's scope. It widens access, so a Passage is demanded; the certificate is made for this session, from our
 * address, until the grant ends. Faults: `target.unreachable`, `target.misconfigured`, `session.ended`.
 */
export async function dial(
  passage: Passage,
  client: ClientConnection,
  options: DialOptions,
): Promise<SshTarget> {
  if (!Passages.is(passage)) throw new Fault('internal', 'a dial without a passage')
  options.demandLiving(passage)
  const settings = readSettings(passage.target)
  const account = accountOf(settings, passage.scope)
  const { target, host, port, hostKeys, sourceAddresses } = settings
  const now = options.now()
  const link = await openLink({
    target,
    host,
    port,
    account,
    pinned: hostKeys,
    timeoutMs: options.timeoutMs,
    prove: local =>
      sessionCertificate(
        {
          target,
          scope: passage.scope,
          login: passage.login.name,
          session: passage.session ?? passage.grant,
          now,
          until: now + passage.remainingMs,
          sourceAddresses: sourceAddresses ?? [local],
          forceCommand: passage.forceCommand,
          host: passage.host,
        },
        options.ca,
      ),
  })
  try {
    options.demandLiving(passage)
    if (client.closed.aborted)
      throw new Fault('session.ended', 'the client left while its target was dialled')
  } catch (cause) {
    link.transport.destroy()
    throw cause
  }
  return new SshTarget(link, { name: target, host, port }, account, passage)
}
