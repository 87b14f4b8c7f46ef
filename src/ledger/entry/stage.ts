import type { Instant } from '../../kernel/clock.ts'
import { newId } from '../../kernel/ids.ts'
import { encodeEntry, ENTRY_VERSION } from './entry.ts'
import type { Draft } from '../log.ts'
import type { CallRecord } from '../commit/placed-call.ts'
import { sealPayload } from './seal.ts'
import { endsSource, type Link } from './source-chains.ts'

const NOTHING = Buffer.alloc(0)

export interface StageContext {
  readonly origin: string
  readonly now: Instant
  /** Wall ms of the last entry: log time never goes back. */
  readonly lastTime: number
  /** Last link of a source, places taken but not yet written included. */
  readonly last: (src: string) => Link | undefined
}

/**
 * Turns drafts into the records that will be written, without changing anything: when one of them is refused, none has
 * taken a place. Errors: `ledger.too_large`; TypeError when a draft holds what JSON cannot, or a payload without a key.
 */
export function stage(drafts: readonly Draft[], { origin, now, lastTime, last }: StageContext): CallRecord[] {
  // Of sources that have more than one draft here; nearly every call is of one.
  const links = drafts.length > 1 ? new Map<string, Link>() : undefined
  let latest = lastTime
  return drafts.map(draft => {
    const id = draft.id ?? newId('event')
    const t = Math.max(Math.trunc(draft.t ?? now.wall), latest)
    latest = t
    const link = links?.get(draft.src) ?? last(draft.src)
    const sseq = (link?.sseq ?? -1) + 1
    const sealed = sealOf(draft, origin, id)
    const { prefixed, bytes, leafHash } = encodeEntry({
      v: ENTRY_VERSION,
      id,
      t,
      mono: now.mono,
      boot: now.boot,
      src: draft.src,
      sseq,
      sprev: link?.leafHash.toString('hex'),
      type: draft.type,
      subject: draft.subject,
      target: draft.target,
      outcome: draft.outcome,
      data: draft.data,
      commit: sealed?.commit,
    })
    links?.set(draft.src, { sseq, leafHash })
    const ends = endsSource(draft.type)
    return {
      entry: bytes,
      prefixed,
      sealed: sealed?.bytes ?? NOTHING,
      leafHash,
      src: draft.src,
      sseq,
      ends,
      t,
    }
  })
}

function sealOf(draft: Draft, origin: string, id: string) {
  if (draft.payload === undefined) return undefined
  if (draft.seal === undefined)
    throw new TypeError(`the payload of ${draft.type} has no key to be sealed under`)
  return sealPayload(draft.payload, draft.seal, origin, id)
}
