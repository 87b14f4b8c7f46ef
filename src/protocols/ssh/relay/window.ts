import { Fault } from '../../../kernel/faults.ts'

/**
 * Kept back of the client's window for words of ours; the other side must never be able to use it up. A client grants more only once
 * it has taken some of what it granted: OpenSSH 96 KiB, paramiko a tenth of its 2 MiB.
 */
const RESERVE = 256 * 1024

/** Where every request may have to be answered by us, as the target answers none of them: clients that wait the longest take half. */
const RESERVE_OF_ANSWERS = 5 / 8

const WIDEST = 2 ** 32 - 1

/** A window after an adjustment; Fault `protocol.violation` beyond 2^32-1 bytes (RFC 4254 §5.2). */
export function widened(room: number, bytes: number): number {
  if (room + bytes > WIDEST) throw new Fault('protocol.violation', 'a window that is wider than there is')
  return room + bytes
}

/**
 * Bytes on their way from the target to the client of one channel (RFC 4254 §5.2). The client's window is passed on to the target but
 * for a reserve, so that words of ours always find room; what we said is paid back out of the client's next adjustments.
 */
export class OutwardWindow {
  /** What the client still takes, and what the target may still send. */
  #room: number
  #granted: number
  #owed = 0

  /** `answers`: much of what the client gets on this channel may be ours. */
  constructor(clientWindow: number, answers = false) {
    const kept = answers ? clientWindow * RESERVE_OF_ANSWERS : Math.min(RESERVE, clientWindow / 4)
    this.#room = clientWindow
    this.#granted = clientWindow - Math.floor(kept)
  }

  /** What the target is told when the channel opens. */
  get granted(): number {
    return this.#granted
  }

  /** How much of ours fits now. */
  get free(): number {
    return this.#room - this.#granted
  }

  /** The client takes `bytes` more; returns how many of them the target is told of. */
  adjust(bytes: number): number {
    this.#room = widened(this.#room, bytes)
    const repaid = Math.min(this.#owed, bytes)
    this.#owed -= repaid
    this.#granted += bytes - repaid
    return bytes - repaid
  }

  /** The target sent this much; false: more than it was allowed to. */
  passed(bytes: number): boolean {
    this.#room -= bytes
    this.#granted -= bytes
    return this.#granted >= 0
  }

  /** We say this much, at most `free`. */
  said(bytes: number): void {
    this.#room -= bytes
    this.#owed += bytes
  }
}
