import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'
import type { Fault } from '../kernel/faults.ts'
import type { Target } from '../kernel/target.ts'
import type { Action, Outcome, Permit, SessionEnd, SessionRules, StreamEvent } from './action.ts'
import type { DormantLogins } from './dormant.ts'
import type { Passage } from './passage.ts'

/**
 * A protocol is one folder that speaks the words; the order of security (who, whether, record, act, end) is written once,
 * in `gateway/run-session`. Everything here is per process; nothing is shared between sessions but what is said.
 */
export interface Protocol {
  readonly name: string
  /** Throws Fault `config.invalid` naming the field when a target's settings do not fit. */
  checkSettings(target: Target): void
  /**
   * Speaks with a fresh client connection from the address `remote` until it has proven who it is. Resolves undefined when the connection served
   * another purpose (a cancel request) or went away. A failed proof is answered in native words, reported to
   * `desk.failed` and resolves undefined. Must finish or give up within `desk.timeoutMs`.
   */
  readLogin(stream: Duplex, remote: string, desk: LoginDesk): Promise<ClientConnection | undefined>
  /**
   * Creates the target-side login of the grant. Widening: demands a Passage. Idempotent. Fault `target.unreachable` when no
   * login can be made there now; a dormant one may still get in.
   */
  provision(passage: Passage): Promise<void>
  /** Opens the target-side connection under `passage.login`. Faults: `target.unreachable`, `target.misconfigured`. */
  dial(passage: Passage, client: ClientConnection): Promise<TargetConnection>
  /** Moves bytes until either side or the guard ends it; closes both. Never throws; says how it ended. */
  relay(client: ClientConnection, target: TargetConnection, guard: Guard): Promise<SessionEnd>
  /** What narrows access; one per target, made once, keeps a reserved connection while logins live. */
  control(target: Target): TargetControl
  /** Undefined: this protocol has none. */
  readonly dormant?: DormantLogins
  /** What the target's owner runs once, as text to read. */
  plan(target: Target): string
  check(target: Target): Promise<readonly CheckLine[]>
}

/** SCRAM-SHA-256 verifier (RFC 5803): proves a secret without holding it. */
export interface ScramVerifier {
  readonly salt: Buffer
  readonly iterations: number
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** What a protocol may ask while a client logs in. */
export interface LoginDesk {
  readonly tls: SecureContext
  readonly timeoutMs: number
  /** Undefined for an unknown, ended or locked login: the protocol then goes through the same motions and refuses. */
  verifier(login: string): Promise<ScramVerifier | undefined>
  /** The one public key that was given out with the login, as SSH encodes it (RFC 4253 §6.6); undefined: it has none. */
  publicKey(login: string): Promise<Buffer | undefined>
  failed(login: string, remote: string, why: string): void
}

/** A client that has proven it holds the session secret of `login`. What it may do is not yet decided. */
export interface ClientConnection {
  readonly login: string
  readonly remote: string
  /** What the client calls itself (`application_name`), for the record. */
  readonly application: string
  /** Ends the connection in native words that carry the fault's message and next step. Before or after relay. */
  refuse(fault: Fault): Promise<void>
  /** Aborts when the socket closes. */
  readonly closed: AbortSignal
}

export interface TargetConnection {
  /** What the target says of itself, for the record: version, backend pid. */
  readonly facts: Readonly<Record<string, string | number>>
  close(): void
}

/** Writes that a session holds in an open transaction until somebody decides. */
export interface HeldWrites {
  readonly writes: readonly {
    /** `UPDATE public.orders`. */
    readonly what: string
    readonly rows: number | undefined
    /** What the person was shown. */
    readonly shown: string
  }[]
  /** Undecided they are undone this long after they were held. */
  readonly withinMs: number
  /** Narrows: undoes them and tells the client in these words (a clause). False: something runs; ask again. */
  undo(why: string): boolean
  /** Commits them in the name of the session's person. Rejects with Fault `conflict` when it cannot be done now, or failed. */
  keep(): Promise<void>
}

/** The gateway's side of a running session. */
export interface Guard {
  readonly rules: SessionRules
  /**
   * Decides and records. Resolves when the evidence is as durable as the procedure demands; synchronous when nothing has to be
   * waited for. Order of calls is order of the log, so awaiting the last of several covers the earlier ones.
   * Once it has answered `forward: false` with rule `ended` nothing more may be forwarded.
   */
  submit(action: Action): Permit | Promise<Permit>
  /** Number of the action submitted last, known before its evidence is there; 0 when there was none. */
  readonly lastSeq: number
  /** What came of the action with this number. */
  finish(seq: number, outcome: Outcome): void
  /**
   * Records moments of the stream of a permitted action. `before`: resolves true when they are as durable as the procedure demands
   * and may go on, false when the session has ended; otherwise nobody waits and they are durable within 50 ms.
   */
  stream(seq: number, events: readonly StreamEvent[]): void
  stream(seq: number, events: readonly StreamEvent[], wait: 'before'): boolean | Promise<boolean>
  /** The session must end now: tell the client natively, close, and let `relay` resolve. Called at most once. */
  onEnd(listener: (end: SessionEnd) => void): void
  /** A sentence for the person (warnings at five minutes and one); sent by native notice when the protocol may. */
  onNotice(listener: (text: string) => void): void
  /** Writes are held from now on, for `withinMs` anew; undefined: none are any more. */
  hold(held: HeldWrites | undefined): void
  /** A connection that came inside this one, such as a jump to its own target: it is served as one from the door, with no right of this session. */
  connection(stream: Duplex): void
  /** Traffic from the client: restarts the idle time. */
  touch(): void
  /**
   * The relay forwards nothing any more, for whatever reason: said by the protocol before it lets go of either side, once or more. What
   * waits for its evidence is answered `ended`, and recorded as never forwarded (`NOT_FORWARDED`).
   */
  over(): void
}

/** What narrows access at the target: needs no Authorization, works at any time, is idempotent. */
export interface TargetControl {
  /** The login can start nothing new. */
  disable(login: string): Promise<void>
  /** Everything running under the login is terminated and verified to be gone. Resolves with the number terminated. */
  terminate(login: string): Promise<number>
  drop(login: string): Promise<void>
  /** Logins of ours that exist at the target, for clean-up after a crash. */
  logins(): Promise<readonly string[]>
  close(): Promise<void>
}

export interface CheckLine {
  readonly ok: boolean
  /** `info`: what the target gives everybody; neither good nor bad. */
  readonly level: 'must' | 'should' | 'info'
  readonly what: string
  readonly next?: string
}
