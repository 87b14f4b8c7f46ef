import { performance } from 'node:perf_hooks'
import type { Duplex } from 'node:stream'
import { Fault, isFault } from '../../../kernel/faults.ts'
import type { SessionEnd } from '../../../target/action.ts'
import type { Guard } from '../../../target/protocol.ts'
import { Outlet } from '../../../wire/outlet.ts'
import { Answers, checkPinned } from './answers.ts'
import { Asks } from './asks.ts'
import type { CancelKeys } from '../login/cancel.ts'
import { closeWith, type PostgresClient } from '../login/client.ts'
import { Dialogue } from './dialogue.ts'
import type { PostgresTarget } from '../dial/dial.ts'
import { backendKeyData, parameterStatus, readyForQuery, terminate } from '../messages/encode.ts'
import { rehearsalGreeting } from '../rehearse/notice.ts'
import type { Inspector } from '../inspect/inspector.ts'
import type { AnswerMasks } from '../mask/answer-masks.ts'
import { endError, fatal, SQLSTATE, warningNotice } from '../messages/native-error.ts'
import { Statements } from './statements.ts'

export interface RelayOptions {
  readonly inspector: Inspector
  readonly cancels: CancelKeys
  /** Undefined in sessions without masks. */
  readonly masks?: RelayMasks
}

export interface RelayMasks {
  readonly answers: AnswerMasks
  /** Said after the greeting: what the session masks. */
  readonly notice: Buffer
}

/** Moves a session's messages until one side or the guard ends it. See `Protocol.relay`. */
export function relay(
  client: PostgresClient,
  target: PostgresTarget,
  guard: Guard,
  options: RelayOptions,
): Promise<SessionEnd> {
  return new Promise(resolve => {
    new Relay(client, target, guard, options, resolve).start()
  })
}

/** Cancels of one session per second that are passed on at once; more are dropped, as each costs the target a connection. */
const CANCELS_PER_SECOND = 10

class Relay {
  readonly #client: Duplex
  readonly #protocol: number
  readonly #target: PostgresTarget
  readonly #guard: Guard
  readonly #dialogue = new Dialogue()
  readonly #asks: Asks
  readonly #answers: Answers
  readonly #toClient: Outlet
  readonly #toTarget: Outlet
  readonly #cancels: CancelKeys
  readonly #resolve: (end: SessionEnd) => void
  readonly #notices: string[] = []
  readonly #maskNotice: Buffer | undefined
  /** Chunks that came while an earlier one waits for its evidence; at most what the stream had read already. */
  #backlog: Buffer[] = []
  #busy = false
  #over = false
  #release = (): void => undefined
  #recentCancels: number[] = []

  constructor(
    client: PostgresClient,
    target: PostgresTarget,
    guard: Guard,
    options: RelayOptions,
    resolve: (end: SessionEnd) => void,
  ) {
    this.#client = client.stream
    this.#protocol = client.protocol
    this.#target = target
    this.#guard = guard
    this.#cancels = options.cancels
    this.#resolve = resolve
    this.#toClient = new Outlet(client.stream)
    this.#toTarget = new Outlet(target.stream)
    const statements = new Statements()
    const { inspector, masks } = options
    const shared = { guard, dialogue: this.#dialogue, statements }
    this.#asks = new Asks({
      ...shared,
      inspector,
      outlet: this.#toTarget,
      toClient: this.#toClient,
      cancel: () => void target.cancel(),
    })
    this.#answers = new Answers({ ...shared, outlet: this.#toClient, masks: masks?.answers })
    this.#maskNotice = masks?.notice
  }

  start(): void {
    const { stream: target } = this.#target
    this.#client.on('close', () => this.#clientGone())
    this.#client.on('end', () => this.#clientGone())
    target.on('close', () => this.#targetGone())
    target.on('end', () => this.#targetGone())
    this.#guard.onEnd(end => this.#finish(end, endError(end)))
    if (this.#over) return
    if (this.#client.destroyed) return this.#clientGone()
    if (target.destroyed) return this.#targetGone()
    this.#guarded(() => this.#greet())
    this.#guard.onNotice(text => this.#notice(text))
    if (this.#over) return
    this.#client.on('data', (chunk: Buffer) => this.#fromClient(chunk))
    this.#client.on('drain', () => target.resume())
    target.on('data', (chunk: Buffer) => this.#fromTarget(chunk))
    target.on('drain', () => this.#readClient())
  }

  /** What a server says before its first ReadyForQuery; the key for cancel requests is ours. */
  #greet(): void {
    const { greeting } = this.#target
    const { release, pid, key } = this.#cancels.register(() => this.#cancel(), this.#protocol)
    this.#release = release
    for (const [name, value] of greeting.parameters) {
      checkPinned(name, value)
      this.#toClient.add(parameterStatus(name, value))
    }
    this.#toClient.add(backendKeyData(pid, key))
    for (const notice of greeting.notices) this.#toClient.add(notice)
    if (this.#maskNotice) this.#toClient.add(this.#maskNotice)
    const { rehearse } = this.#guard.rules
    if (rehearse) this.#toClient.add(warningNotice(rehearsalGreeting(rehearse.withinMs)))
    this.#toClient.add(readyForQuery(greeting.status))
    this.#toClient.flush()
  }

  #fromClient(chunk: Buffer): void {
    // Behind its Terminate a client has nothing to say; what it asked before is still being answered.
    if (this.#over || this.#asks.terminated) return
    this.#guard.touch()
    if (this.#busy) {
      this.#backlog.push(chunk)
      this.#client.pause()
      return
    }
    try {
      const pause = this.#asks.take(chunk)
      if (pause) this.#wait(pause)
      else this.#afterAsk()
    } catch (cause) {
      this.#fail(cause)
    }
  }

  #wait(pause: Promise<void>): void {
    this.#busy = true
    pause.then(
      () => {
        this.#busy = false
        if (!this.#over) this.#guarded(() => this.#afterAsk())
      },
      (cause: unknown) => this.#fail(cause),
    )
  }

  /** A chunk was taken to its end: write what it gave, then go on with what came meanwhile. */
  #afterAsk(): void {
    const ready = this.#toTarget.flush()
    if (this.#asks.terminated) return this.#clientSaidGoodbye()
    const next = this.#backlog.shift()
    if (next) {
      const pause = this.#asks.take(next, true)
      if (pause) this.#wait(pause)
      else this.#afterAsk()
      return
    }
    if (!ready) this.#client.pause()
    else if (this.#client.isPaused()) this.#readClient()
  }

  #readClient(): void {
    if (!this.#busy && this.#backlog.length === 0 && !this.#over) this.#client.resume()
  }

  #fromTarget(chunk: Buffer): void {
    if (this.#over) return
    try {
      if (!this.#answers.take(chunk)) this.#target.stream.pause()
    } catch (cause) {
      return this.#fail(cause)
    }
    if (this.#notices.length > 0 && this.#answers.atBorder) {
      for (const text of this.#notices.splice(0)) this.#client.write(warningNotice(text))
    }
  }

  #notice(text: string): void {
    if (this.#over) return
    if (this.#answers.atBorder) this.#client.write(warningNotice(text))
    else this.#notices.push(text)
  }

  /** Waits for no evidence: recorded, and passed on at once. Settles when the target has acted. */
  async #cancel(): Promise<void> {
    if (this.#over) return
    const now = performance.now()
    this.#recentCancels = this.#recentCancels.filter(at => now - at < 1000)
    if (this.#recentCancels.length >= CANCELS_PER_SECOND) return
    this.#recentCancels.push(now)
    void this.#guard.submit({
      kind: 'cancel',
      verbs: ['cancel'],
      writes: false,
      narrows: true,
      objections: [],
    })
    if (!this.#over) await this.#target.cancel()
  }

  #clientSaidGoodbye(): void {
    if (this.#over) return
    if (this.#dialogue.quiet) {
      if (this.#target.stream.writable) this.#target.stream.end(terminate())
      return this.#finish({ reason: 'client', text: 'The client closed the session.' }, undefined, true)
    }
    // It asked before it left: the target does that first, as it would without us, and closes then.
    this.#target.stream.end(terminate())
  }

  /** The client went away without a word: what still runs for it is cancelled, nobody would see its result. */
  #clientGone(): void {
    if (this.#over) return
    if (!this.#dialogue.quiet) void this.#target.cancel()
    this.#finish({ reason: 'client', text: 'The client closed the connection.' })
  }

  #targetGone(): void {
    if (this.#over) return
    if (this.#asks.terminated)
      return this.#finish({ reason: 'client', text: 'The client closed the session.' })
    const said = this.#answers.fatal
    const text =
      said === undefined ? 'The target closed the connection.' : `The target ended the session: ${said}`
    this.#finish(
      { reason: 'target', text },
      said === undefined ? fatal(SQLSTATE.connectionFailure, text) : undefined,
    )
  }

  #guarded(work: () => void): void {
    try {
      work()
    } catch (cause) {
      this.#fail(cause)
    }
  }

  #fail(cause: unknown): void {
    const said = isFault(cause) ? cause : new Fault('internal', 'the gateway failed', { cause })
    const text = `breakglass ended this session: ${said.message}.`
    const end: SessionEnd = { reason: 'violation', text, ...(said !== cause && { cause }) }
    this.#finish(end, endError(end))
  }

  /** Once: both sides are closed, what was not answered is reported, `relay` resolves. Waits for nobody. */
  #finish(end: SessionEnd, words?: Buffer, targetLeaves = false): void {
    if (this.#over) return
    this.#over = true
    this.#guard.over()
    this.#release()
    this.#backlog = []
    const atBorder = this.#answers.atBorder
    this.#answers.abandon('the session ended before the answer')
    this.#asks.abandon()
    this.#target.stream.removeAllListeners('data')
    // Inside a message that streams nothing can be said: the client would read it as data.
    void closeWith(this.#client, atBorder ? words : undefined)
    // When a grant of many sessions ends all clients are told before the first connection to the target is taken down.
    if (targetLeaves) setTimeout(() => this.#target.close(), 1000).unref()
    else setImmediate(() => this.#target.close())
    this.#resolve(end)
  }
}
