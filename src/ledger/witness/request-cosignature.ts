import type { Head } from '../log.ts'
import { cosignedAt } from '../note/cosignature.ts'
import { parseSignatureLine, splitNote } from '../note/split-note.ts'
import type { PolicyWitness } from '../trust/policy.ts'
import { encodeAddCheckpoint } from './add-checkpoint.ts'
import type { Post } from './http-post.ts'

/**
 * What came of asking one witness for one head. `contradicted`: it holds that this log is not the one it cosigned before;
 * either the log was turned back or forked, or a second copy of it signs elsewhere, or the witness lies.
 */
export type Cosigned =
  | { readonly is: 'cosigned'; readonly line: string; readonly seconds: number }
  | { readonly is: 'contradicted'; readonly said: number; readonly what: string }
  | { readonly is: 'failed'; readonly why: string }

export interface CosignatureRequest {
  readonly witness: PolicyWitness
  readonly head: Head
  /** Size the witness cosigned last, as far as known. */
  readonly known: number
  readonly prove: (from: number, to: number) => Promise<readonly Buffer[]>
  readonly post: Post
}

/** A witness says once where it stands; one that says it twice in another way each time has nothing to say. */
const MOST_TRIES = 3

/**
 * Client of c2sp.org/tlog-witness. Starts from `known` and, on a 409, from the size the witness names. Never rejects.
 * `known` in the answer: the size to start from next time.
 */
export async function requestCosignature({
  witness,
  head,
  known: first,
  prove,
  post,
}: CosignatureRequest): Promise<{ readonly answer: Cosigned; readonly known: number }> {
  let known = first
  const failed = (why: string): { answer: Cosigned; known: number } => ({
    answer: { is: 'failed', why },
    known,
  })
  const contradicted = (said: number, what: string): { answer: Cosigned; known: number } => ({
    answer: { is: 'contradicted', said, what },
    known,
  })
  try {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const old = Math.min(known, head.size)
      const request = { old, proof: await prove(old, head.size), checkpoint: head.checkpoint }
      const url = `${witness.url?.replace(/\/+$/, '') ?? ''}/add-checkpoint`
      const { status, body } = await post(url, encodeAddCheckpoint(request), 'text/plain; charset=utf-8')
      const text = body.toString('utf8')
      if (status === 200) {
        const found = ownLine(text, head.checkpoint, witness)
        if (found === undefined) return failed('it answers without a cosignature that verifies')
        known = head.size
        return { answer: { is: 'cosigned', ...found }, known }
      }
      if (status === 422 && old > 0)
        return contradicted(old, `its head of ${old} entries is not the beginning of this log`)
      if (status !== 409) return failed(`it answers ${status}: ${firstLine(text)}`)
      const said = /^(0|[1-9]\d{0,15})\n$/.exec(text)?.[1]
      if (said === undefined || !Number.isSafeInteger(Number(said)))
        return failed('it answers 409 without the size it cosigned last')
      known = Number(said)
      if (known > head.size)
        return contradicted(known, `it has cosigned ${known} entries of this log, which has ${head.size}`)
      if (known === old)
        return old === head.size
          ? contradicted(known, `it has cosigned another tree of ${known} entries`)
          : failed(`it answers 409 to the size it asks for, ${known}`)
    }
    return failed('it names another size each time')
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error))
  }
}

/** The line of the witness's own key, if it verifies; whatever else it sends is passed over. */
function ownLine(
  lines: string,
  checkpoint: string,
  { cosigner }: PolicyWitness,
): { readonly line: string; readonly seconds: number } | undefined {
  const text = splitNote(checkpoint)?.text
  if (text === undefined || cosigner === undefined) return undefined
  for (const line of lines.split('\n')) {
    const signature = parseSignatureLine(line)
    if (signature?.name !== cosigner.name || !signature.keyId.equals(cosigner.keyId)) continue
    const seconds = cosignedAt(text, signature, cosigner)
    if (seconds !== undefined) return { line: `${line}\n`, seconds }
  }
  return undefined
}

/** What a stranger wrote, cut to one line that cannot flood a log. */
function firstLine(text: string): string {
  return JSON.stringify((text.split('\n')[0] ?? '').slice(0, 120))
}
