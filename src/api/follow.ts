import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import { isFault } from '../kernel/faults.ts'
import type { LiveMessage } from './live.ts'
import { faultOf, problemOf } from './problem.ts'

export interface FollowOptions {
  /** What there is to tell, in order; told to end by the signal. Pulled at the pace of the reader. */
  readonly messages: (signal: AbortSignal) => AsyncGenerator<LiveMessage>
  /** False ends the view: asked before each message and at each heartbeat (requirement 8). */
  readonly stillAllowed: () => boolean | Promise<boolean>
  /** Told of what nobody foresaw; the reader learns only that something went wrong. */
  readonly onInternal: (cause: unknown) => void
  readonly heartbeatMs?: number
  /** A reader that takes nothing for this long is cut. */
  readonly stalledMs?: number
}

/**
 * Server-sent events of something that is kept anyway: a slow reader falls behind and misses nothing, while the others and
 * whoever is watched know nothing of it. What fails meanwhile ends the view with a `problem`.
 */
export function follow(
  c: Context,
  { messages, stillAllowed, onInternal, heartbeatMs = 15_000, stalledMs = 60_000 }: FollowOptions,
): Response {
  c.header('X-Accel-Buffering', 'no')
  return streamSSE(c, async stream => {
    const ended = new AbortController()
    stream.onAbort(() => ended.abort())
    const written = async (writing: Promise<unknown>): Promise<void> => {
      const stalled = setTimeout(() => stream.abort(), stalledMs)
      await writing.finally(() => clearTimeout(stalled))
    }
    const said = (event: string, data: unknown): Promise<void> =>
      written(stream.writeSSE({ event, data: JSON.stringify(data) }))
    const source = messages(ended.signal)
    let next = source.next()
    try {
      while (!ended.signal.aborted) {
        const got = await orSilence(next, heartbeatMs)
        if (got !== 'silence' && got.done === true) break
        if (!(await stillAllowed())) break
        if (got === 'silence') await written(stream.write(': still here\n\n'))
        else {
          await said(got.value.event, got.value.data)
          next = source.next()
        }
      }
    } catch (error) {
      if (!isFault(error)) onInternal(error)
      await said('problem', problemOf(faultOf(error)))
    } finally {
      ended.abort()
      await next.catch(() => undefined)
      await source.return(undefined)
    }
  })
}

async function orSilence<T>(next: Promise<T>, ms: number): Promise<T | 'silence'> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<'silence'>(resolve => {
    timer = setTimeout(() => resolve('silence'), ms)
  })
  try {
    return await Promise.race([next, silence])
  } finally {
    clearTimeout(timer)
  }
}
