/** What a server answered, read to its end. */
export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Buffer
}

/** Sends one body. Rejects with words for people when nobody answers in time, or too much. */
export type Post = (url: string, body: Uint8Array | string, type: string) => Promise<Answer>

/** No answer of a witness or a time stamping authority comes near this. */
const MOST_BYTES = 256 * 1024

/** `timeoutMs` for the whole exchange, which `stop` ends at once. Redirects are refused: an answer belongs to the address that was configured. */
export function httpPost(timeoutMs: number, agent: string, stop: AbortSignal): Post {
  return async (url, body, type) => {
    const limit = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(url, {
        method: 'POST',
        body: typeof body === 'string' ? body : new Uint8Array(body),
        headers: { 'content-type': type, 'user-agent': agent },
        redirect: 'error',
        signal: AbortSignal.any([limit, stop]),
      })
      const chunks: Uint8Array[] = []
      let length = 0
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        length += chunk.length
        if (length > MOST_BYTES) throw new Error(`it answers more than ${MOST_BYTES} bytes`)
        chunks.push(chunk)
      }
      return {
        status: response.status,
        type: response.headers.get('content-type') ?? '',
        body: Buffer.concat(chunks),
      }
    } catch (error) {
      throw new Error(limit.aborted ? `no answer within ${timeoutMs / 1000} s` : causeOf(error), {
        cause: error,
      })
    }
  }
}

/** fetch hides the reason in `cause`. */
function causeOf(error: unknown): string {
  let deepest = error
  while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause
  if (deepest instanceof AggregateError && deepest.errors.length > 0) deepest = deepest.errors[0]
  if (!(deepest instanceof Error)) return String(deepest)
  return (deepest as NodeJS.ErrnoException).code ?? deepest.message
}
