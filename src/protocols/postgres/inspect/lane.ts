import { Worker } from 'node:worker_threads'
import { workerFile } from '../../../kernel/worker-file.ts'
import type { Outline } from '../mask/outline.ts'
import type { Dissection } from '../rehearse/dissection.ts'
import type { Facts } from './facts.ts'

/** What came of one text. `message` is the parser's own and quotes the text, `at` is its place; `why` is ours and quotes nothing. */
export type Reading =
  | { readonly kind: 'facts'; readonly facts: Facts }
  | { readonly kind: 'outline'; readonly outline: Outline }
  | { readonly kind: 'dissection'; readonly dissection: Dissection }
  | { readonly kind: 'unparsable'; readonly message: string; readonly at: number }
  | { readonly kind: 'fault'; readonly why: string }

/** A text, and what it is to be read as. */
export interface LaneAsk {
  readonly text: string
  readonly want: 'facts' | 'outline' | 'dissection'
}

export type LaneReply = Reading | { readonly kind: 'ready' }

export interface LaneLimits {
  /** Milliseconds one text may take. */
  readonly parseMs: number
  /** Bytes of the worker's JavaScript heap, in MiB. */
  readonly heapMb: number
  /** Characters that may wait for their turn. */
  readonly waiting: number
}

interface Waiting extends LaneAsk {
  readonly settle: (reading: Reading) => void
}

const START_MS = 15_000

/**
 * One worker and its queue. Exactly one text is in its hands, so whatever goes wrong (time, memory, stack, crash) is that text's
 * doing: it is answered with a fault, the worker is ended and the next text goes to a fresh one.
 */
export class InspectLane {
  readonly #limits: LaneLimits
  readonly #queue: Waiting[] = []
  #queued = 0
  #current: Waiting | undefined
  #worker: Worker | undefined
  #ready = false
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(limits: LaneLimits) {
    this.#limits = limits
  }

  read(text: string, want: LaneAsk['want'] = 'facts'): Promise<Reading> {
    if (this.#closed) return Promise.resolve({ kind: 'fault', why: 'the inspector is closed' })
    if (this.#queued + text.length > this.#limits.waiting) {
      return Promise.resolve({ kind: 'fault', why: 'too many statements are waiting to be read' })
    }
    return new Promise(settle => {
      this.#queued += text.length
      this.#queue.push({ text, want, settle })
      this.#next()
    })
  }

  /** Ends the worker; what waits is answered with a fault. */
  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    this.#fail('the inspector is closed')
    for (const waiting of this.#queue.splice(0))
      waiting.settle({ kind: 'fault', why: 'the inspector is closed' })
    await worker?.terminate()
  }

  #next(): void {
    if (this.#current || this.#closed) return
    const waiting = this.#queue.shift()
    if (!waiting) return
    this.#queued -= waiting.text.length
    this.#current = waiting
    if (this.#worker && this.#ready) this.#send()
    else this.#start()
  }

  #send(): void {
    if (!this.#current) return
    this.#timer = setTimeout(() => this.#fail('it took too long'), this.#limits.parseMs)
    const { text, want } = this.#current
    this.#worker?.postMessage({ text, want } satisfies LaneAsk)
  }

  #start(): void {
    const worker = new Worker(workerFile(import.meta.url, './worker.ts'), {
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.heapMb, stackSizeMb: 4 },
      stdout: false,
      stderr: false,
    })
    this.#worker = worker
    this.#ready = false
    this.#timer = setTimeout(() => this.#fail('the parser did not start'), START_MS)
    const mine = (act: () => void) => () => {
      if (this.#worker === worker) act()
    }
    worker.on('message', (reply: LaneReply) => mine(() => this.#receive(reply))())
    worker.on(
      'error',
      mine(() => this.#fail(this.#ready ? 'the parser failed on it' : 'the parser could not be started')),
    )
    worker.on(
      'messageerror',
      mine(() => this.#fail('its answer could not be read')),
    )
    worker.on(
      'exit',
      mine(() => this.#fail('the parser ended')),
    )
    worker.unref()
  }

  #receive(reply: LaneReply): void {
    clearTimeout(this.#timer)
    if (reply.kind === 'ready') {
      this.#ready = true
      this.#send()
    } else if (reply.kind === 'fault') this.#fail(reply.why)
    else this.#settle(reply)
  }

  #settle(reading: Reading): void {
    const current = this.#current
    this.#current = undefined
    current?.settle(reading)
    this.#next()
  }

  #fail(why: string): void {
    clearTimeout(this.#timer)
    const worker = this.#worker
    this.#worker = undefined
    this.#ready = false
    void worker?.terminate()
    this.#settle({ kind: 'fault', why })
  }
}
