import { Worker } from 'node:worker_threads'
import { Fault } from '../../kernel/faults.ts'
import { workerFile } from '../../kernel/worker-file.ts'
import { type RingMemory, ringMemory, RingWriter } from './shared-ring.ts'

/** What is asked of the thread, by number of the digest. */
export const ASK = { data: 1, tell: 2, drop: 3 } as const

export interface DigestThreadData {
  readonly ring: RingMemory
  /** An Int32: answers given so far. Then 32 bytes: the last one. */
  readonly answers: SharedArrayBuffer
}

export const ANSWER_AT = 4
export const DIGEST_BYTES = 32

/** So much may be ahead of the thread; then whoever writes waits, as if it made the digest itself. */
const RING_BYTES = 2 * 1024 * 1024
/** A thread that neither takes nor answers anything for so long is broken. */
const PATIENCE_MS = 5000

const NOTHING = new Uint8Array(0)

/**
 * A thread that makes SHA-256 digests of what passes, which costs the thread that moves the bytes a quarter of its time otherwise. It is
 * handed copies through shared memory and asked for results the same way, so its owner never has to wait for an event.
 */
export class DigestThread {
  readonly #writer: RingWriter
  readonly #answered: Int32Array
  readonly #answer: Uint8Array
  #asked = 0
  #next = 0
  readonly #worker: Worker
  #state: 'starting' | 'ready' | 'broken' = 'starting'

  constructor() {
    const ring = ringMemory(RING_BYTES)
    const answers = new SharedArrayBuffer(ANSWER_AT + DIGEST_BYTES)
    this.#writer = new RingWriter(ring)
    this.#answered = new Int32Array(answers, 0, 1)
    this.#answer = new Uint8Array(answers, ANSWER_AT)
    const workerData: DigestThreadData = { ring, answers }
    const worker = new Worker(workerFile(import.meta.url, './digest-worker.ts'), { workerData })
    worker.once('message', () => {
      if (this.#state === 'starting') this.#state = 'ready'
    })
    const broken = (): void => {
      this.#state = 'broken'
    }
    worker.on('error', broken)
    worker.on('exit', broken)
    worker.unref()
    this.#worker = worker
  }

  /** Ends it; digests that it has begun are lost. */
  async close(): Promise<void> {
    await this.#worker.terminate()
    this.#state = 'broken'
  }

  /** It has started and works: only then may anything be asked of it. */
  get ready(): boolean {
    return this.#state === 'ready'
  }

  get broken(): boolean {
    return this.#state === 'broken'
  }

  /** A number for a new digest. */
  begin(): number {
    return this.#next++ >>> 0
  }

  /** Fault `internal`: the thread is broken, and with it all digests that it has begun. */
  update(id: number, bytes: Uint8Array): void {
    const { most } = this.#writer
    for (let at = 0; at < bytes.length; at += most) this.#ask(ASK.data, id, bytes.subarray(at, at + most))
  }

  /** SHA-256 of all so far. Faults as `update`. */
  tell(id: number): Buffer {
    this.#ask(ASK.tell, id, NOTHING)
    this.#asked = (this.#asked + 1) | 0
    for (;;) {
      const answered = Atomics.load(this.#answered, 0)
      if (answered === this.#asked) return Buffer.from(this.#answer)
      if (Atomics.wait(this.#answered, 0, answered, PATIENCE_MS) === 'timed-out') this.#break()
    }
  }

  /** Forgets it. Never throws. */
  drop(id: number): void {
    if (this.ready && !this.#writer.write(ASK.drop, id, NOTHING, PATIENCE_MS)) this.#state = 'broken'
  }

  #ask(kind: number, id: number, bytes: Uint8Array): void {
    if (!this.ready || !this.#writer.write(kind, id, bytes, PATIENCE_MS)) this.#break()
  }

  #break(): never {
    this.#state = 'broken'
    throw new Fault('internal', 'the thread that makes digests does not answer')
  }
}
