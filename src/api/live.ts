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
    const queue: (LiveMessage | undefined)[] = []
    let wake = (): void => undefined
    const ended = new AbortController()
    ended.signal.addEventListener('abort', () => wake())
    stream.onAbort(() => ended.abort())
    const stop = start(message => {
      queue.push(message)
      if (queue.length > BEHIND) ended.abort()
      wake()
    })
    const heartbeat = setInterval(() => {
      queue.push(undefined)
      wake()
    }, heartbeatMs)
    try {
      while (!ended.signal.aborted) {
        if (queue.length === 0)
          await new Promise<void>(resolve => {
            wake = resolve
          })
        if (ended.signal.aborted || !(await stillAllowed())) break
        const message = queue.shift()
        if (message === undefined) await stream.write(': still here\n\n')
        else await stream.writeSSE({ event: message.event, data: JSON.stringify(message.data) })
      }
    } finally {
      clearInterval(heartbeat)
      stop()
    }
  })
}
