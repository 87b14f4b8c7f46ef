import type { OpenFile } from './open-files.ts'
import type { RequestFields } from './request-shapes.ts'

/** Requests of one channel without an answer; beyond that the client waits. */
export const MOST_OWED = 4096

/** A request that went on, or is about to, and has no answer. */
export type Owed =
  | {
      readonly type: 'deed'
      /** Number of its action; undefined until it is permitted, and where it has none. */
      seq: number | undefined
      readonly since: number
      /** Type of the answer beside STATUS. */
      readonly answer: number | undefined
      /** Where the answer opens something. */
      readonly opens?: { readonly folder: boolean; readonly path: Buffer; readonly fields: RequestFields }
      /** What it reads of, for a folder. */
      readonly file?: OpenFile | undefined
    }
  | { readonly type: 'read'; readonly file: OpenFile; readonly offset: number; readonly length: number }
  | { readonly type: 'write'; readonly file: OpenFile }
  | { readonly type: 'close'; readonly file: OpenFile; seq: number | undefined; readonly since: number }

/** Answers that the target owes, by the client's ids, and the client's wait for room. */
export class OwedAnswers {
  readonly #owed = new Map<number, Owed>()
  #hasRoom: (() => void) | undefined

  get full(): boolean {
    return this.#owed.size >= MOST_OWED
  }

  /** False: the id is in use, so an answer would say nothing. */
  add(id: number, owed: Owed): boolean {
    if (this.#owed.has(id)) return false
    this.#owed.set(id, owed)
    return true
  }

  get(id: number): Owed | undefined {
    return this.#owed.get(id)
  }

  take(id: number): Owed | undefined {
    const owed = this.#owed.get(id)
    if (owed && this.#owed.delete(id)) this.#letGo()
    return owed
  }

  /** Resolves when there is room, or all is over. One waits at a time. */
  room(): Promise<void> {
    if (!this.full) return Promise.resolve()
    return new Promise(resolve => {
      this.#hasRoom = resolve
    })
  }

  takeAll(): Owed[] {
    const all = [...this.#owed.values()]
    this.#owed.clear()
    this.#letGo()
    return all
  }

  #letGo(): void {
    this.#hasRoom?.()
    this.#hasRoom = undefined
  }
}
