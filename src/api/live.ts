import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { JsonValue } from '../kernel/json.ts'

/** One message of a live view: what kind, and what it says. */
export interface LiveMessage {
  readonly event: string
  readonly data: JsonValue
}

export interface LiveOptions {
  /** Starts to send; returns how to stop. May send at once. */
  readonly start: (send: (message: LiveMessage) => void) => () => void
  /** False ends the view: asked before each message and at each heartbeat, so that a removed person sees nothing more (requirement 8). */
  readonly stillAllowed: () => boolean | Promise<boolean>
  readonly heartbeatMs?: number
}

/** A reader that is this many messages behind is cut; it comes back and reads the state anew. */
const BEHIND = 256

/** Server-sent events. Memory per reader is bounded, and a slow one delays nobody. */
export function live(c: Context, { start, stillAllowed, heartbeatMs = 15_000 }: LiveOptions): Response {
  c.header('X-Accel-Buffering', 'no')
  return streamSSE(c, async stream => {
    const queue: (LiveMessage | 'heartbeat')[] = []
    const ended = new AbortController()
    let wake = (): void => undefined
    const put = (item: LiveMessage | 'heartbeat'): void => {
      queue.push(item)
      // Aborting the stream also frees the loop below from a write that waits for this reader.
      if (queue.length > BEHIND) stream.abort()
      wake()
    }
    const heartbeat = setInterval(() => put('heartbeat'), heartbeatMs)
    const stop = start(put)
    stream.onAbort(() => {
      clearInterval(heartbeat)
      stop()
      queue.length = 0
      ended.abort()
      wake()
    })
    while (!ended.signal.aborted) {
      const item = queue.shift()
      if (item === undefined) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
        continue
      }
      if (!(await stillAllowed())) break
      if (item === 'heartbeat') await stream.write(': still here\n\n')
      else await stream.writeSSE({ event: item.event, data: JSON.stringify(item.data) })
    }
    clearInterval(heartbeat)
    stop()
  })
}
