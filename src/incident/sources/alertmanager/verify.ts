import { sameBytes, sha256 } from '../../../kernel/bytes.ts'
import { Fault } from '../../../kernel/faults.ts'
import type { Headers, Verified } from '../../source.ts'

/**
 * Alertmanager signs nothing: a bearer token (RFC 6750 §2.1) says who may post, nothing says when it was said. Hence trust
 * `unsigned`: it corroborates and never approves alone.
 */
export function verify(
  headers: Headers,
  _: Buffer,
  secrets: readonly string[],
  now: number,
): Verified | Fault {
  const token = /^Bearer +(\S{1,512})$/i.exec(headers.authorization ?? '')?.[1]
  const genuine =
    token !== undefined && secrets.filter(secret => sameBytes(sha256(token), sha256(secret))).length > 0
  if (!genuine)
    return new Fault(
      'incident.signature',
      'The message was not accepted: it carries no bearer token that is known here.',
      {
        next: 'Set http_config.authorization.credentials of the webhook receiver to the token of this source.',
      },
    )
  return { messageId: undefined, sentAt: now }
}
