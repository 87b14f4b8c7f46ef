import type { KeyObject } from 'node:crypto'
import { openLink, type TargetLink } from '../dial/target-link.ts'
import { sessionCertificate, type SessionTerms } from '../dial/session-certificate.ts'
import { accountOf, type SshSettings } from './settings.ts'

/** What acting at targets needs of the gateway. */
export interface OwnAccess {
  /** The gateway's authority; ed25519, private. */
  readonly ca: KeyObject
  /** Wall milliseconds. */
  readonly now: () => number
  readonly dialTimeoutMs: number
}

/** A certificate of our own is for now; the connection it opened may live on. */
const VALID_MS = 120_000

/**
 * A connection of the gateway itself to the account of a scope, by a certificate of the kind that sessions have; in the host's log it
 * is `breakglass control`. `over` is what a check wants to be otherwise. Faults as `openLink`.
 */
export function openOwnLink(
  settings: SshSettings,
  scope: string,
  { ca, now, dialTimeoutMs }: OwnAccess,
  over: Partial<SessionTerms> = {},
): Promise<TargetLink> {
  const { target, host, port, hostKeys, sourceAddresses } = settings
  return openLink({
    target,
    host,
    port,
    account: accountOf(settings, scope),
    pinned: hostKeys,
    timeoutMs: dialTimeoutMs,
    prove: localAddress =>
      sessionCertificate(
        {
          target,
          scope,
          login: 'breakglass',
          session: 'control',
          now: now(),
          until: now() + VALID_MS,
          sourceAddresses: sourceAddresses ?? [localAddress],
          ...over,
        },
        ca,
      ),
  })
}
