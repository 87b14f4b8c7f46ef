import type { Fault } from '../../kernel/faults.ts'
import type { Head } from '../log.ts'
import type { Signer } from '../signer/signer.ts'
import { isShortage } from '../trouble.ts'
import type { Tree } from '../tree/tree.ts'

interface Waiter {
  /** Satisfied by a head of at least this size. */
  readonly size: number
  readonly resolve: (head: Head) => void
  readonly reject: (fault: Fault) => void
}

export interface SigningOptions {
  readonly signer: Signer
  readonly tree: Tree
  /** Consistency proof from one size of the tree to another. */
  readonly prove: (from: number, to: number) => Promise<readonly Buffer[]>
  /** 0: as soon as the previous signature is made; else at most this long after an entry became durable. */
  readonly everyMs: number
  readonly onSigned: (head: Head) => void
  readonly onFailed: (cause: unknown) => Fault
}

const ASK_AGAIN_MS = 1000

/**
 * Signs the newest durable head, one signature at a time; entries that become durable meanwhile share the next one.
 * The next frame may be written while a signature is under way: what is signed was durable before.
 */
export class Signing {
  readonly #options: SigningOptions
  #head: Head
  #waiters: Waiter[] = []
  #running = false
  #timer: NodeJS.Timeout | undefined
  #fault: Fault | undefined

  constructor(options: SigningOptions, head: Head) {
    this.#options = options
    this.#head = head
  }

  get head(): Head {
    return this.#head
  }

  /** A frame became durable. */
  touch(): void {
    const { everyMs } = this.#options
    if (everyMs === 0) this.#start()
    else if (!this.#running) this.#timer ??= setTimeout(() => this.#start(), everyMs)
  }

  /** Resolves with a signed head that covers `size` entries; they must be durable. */
  covering(size: number): Promise<Head> {
    if (this.#head.size >= size) return Promise.resolve(this.#head)
    if (this.#fault !== undefined) return Promise.reject(this.#fault)
    return new Promise((resolve, reject) => this.#waiters.push({ size, resolve, reject }))
  }

  /** Signs what is durable, now. */
  async finish(): Promise<Head> {
    const signed = this.covering(this.#options.tree.size)
    this.#start()
    return signed
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#running || this.#fault !== undefined) return
    this.#running = true
    void this.#run()
  }

  async #run(): Promise<void> {
    const { signer, tree, prove, onSigned, onFailed, everyMs } = this.#options
    while (tree.size > this.#head.size) {
      const size = tree.size
      const root = tree.root()
      let unproven = false
      const proof = (from: number): Promise<readonly Buffer[]> =>
        prove(from, size).catch((error: unknown) => {
          unproven = isShortage(error)
          throw error
        })
      try {
        this.#head = { size, root, checkpoint: await signer.sign({ size, root }, proof) }
      } catch (error) {
        if (unproven) {
          // No descriptor to read a tile with: nothing was signed, and whoever waits for the signature goes on waiting.
          this.#running = false
          this.#timer ??= setTimeout(() => this.#start(), ASK_AGAIN_MS)
          return
        }
        this.#fault = onFailed(error)
        for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#fault)
        break
      }
      this.#answer()
      onSigned(this.#head)
      if (everyMs > 0) break
    }
    this.#running = false
    if (this.#fault === undefined && tree.size > this.#head.size) this.touch()
  }

  #answer(): void {
    const waiting = this.#waiters
    this.#waiters = []
    for (const waiter of waiting) {
      if (waiter.size <= this.#head.size) waiter.resolve(this.#head)
      else this.#waiters.push(waiter)
    }
  }
}
