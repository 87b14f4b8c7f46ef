import { Webhook } from 'standardwebhooks'
import { sameBytes } from '../../../kernel/bytes.ts'
import { Fault } from '../../../kernel/faults.ts'
import type { Headers, Verified } from '../../source.ts'

/** Standard Webhooks, "Verifying webhook authenticity": five minutes to either side. */
export const TOLERANCE_MS = 5 * 60_000

/**
 * Symmetric signatures (`v1`) over `{id}.{timestamp}.{body}`. The library's own `verify` reads the clock itself and decodes
 * invalid UTF-8 leniently; here time is an argument and the body must be UTF-8, so that one text has one signature.
 */
export function verify(
  headers: Headers,
  body: Buffer,
  secrets: readonly string[],
  now: number,
): Verified | Fault {
  const id = headers['webhook-id']
  const timestamp = headers['webhook-timestamp']
  const signatures = headers['webhook-signature']
  if (id === undefined || timestamp === undefined || signatures === undefined)
    return refused('it lacks webhook-id, webhook-timestamp or webhook-signature')
  if (!/^[^.\s]{1,256}$/.test(id)) return refused('its webhook-id is malformed')
  if (!/^\d{1,11}$/.test(timestamp)) return refused('its webhook-timestamp is not in whole seconds')
  const sentAt = Number(timestamp) * 1000
  if (Math.abs(now - sentAt) > TOLERANCE_MS) return refused('it was signed more than five minutes from now')
  if (!isUtf8(body)) return refused('its body is not UTF-8')
  const sent = signatures.split(' ', 32).map(signature => Buffer.from(signature))
  const genuine = secrets.some(secret => {
    const expected = signatureOf(secret, id, sentAt, body)
    return expected !== undefined && sent.some(signature => sameBytes(signature, expected))
  })
  return genuine ? { messageId: id, sentAt } : refused('no signature matches')
}

/** Undefined when the secret is not `whsec_` and base64: it then proves nothing, and the others still count. */
function signatureOf(secret: string, id: string, sentAt: number, body: Buffer): Buffer | undefined {
  try {
    return Buffer.from(new Webhook(secret).sign(id, new Date(sentAt), body))
  } catch {
    return undefined
  }
}

function isUtf8(body: Buffer): boolean {
  return Buffer.from(body.toString('utf8'), 'utf8').equals(body)
}

function refused(why: string): Fault {
  return new Fault('incident.signature', `The message was not accepted: ${why}.`, {
    next: 'Check the signing secret on both sides (whsec_ and base64) and the clock of the sender (Standard Webhooks).',
  })
}
