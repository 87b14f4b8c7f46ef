import type { Target } from '../../kernel/target.ts'
import type { SessionRules } from '../action.ts'
import type { TargetLogin } from '../passage.ts'
import type { LoginDesk, Protocol } from '../protocol.ts'

/** Who knocks and with which proof. */
export interface Knock {
  readonly port: number
  /** As the client names itself; left out: the one the desk knows. */
  readonly login?: string
  /** One of the lab's `ways` to prove it; left out: the first. */
  readonly way?: string
  readonly wrong?: boolean
}

/**
 * A native client that has come through the door. What it does is named by what it leaves behind: a mark is a word of letters
 * and digits that the target keeps, so that a test can ask the target itself what has reached it.
 */
export interface ContractClient {
  /** What the person has been told so far beside the answers they asked for: notices, refusals, last words. */
  told(): string
  readonly closed: Promise<void>
  /** Leaves a mark; resolves when that was answered. Rejects with the native words of an error. */
  leave(mark: string): Promise<void>
  /** Asks for several marks without waiting for answers in between; resolves when all are answered. */
  leaveAll(marks: readonly string[]): Promise<void>
  /** Would leave a mark, by an action that the lab's rules refuse. Resolves with the native words of the refusal. */
  leaveUnruly(mark: string): Promise<string>
  /** Begins what does not end by itself; resolves when it runs at the target. */
  linger(): Promise<void>
  /** Begins an answer without end; resolves when the first of it has come. The client reads on. */
  flood(): Promise<void>
  /** Begins an input without end, as fast as it is taken; gives the bytes taken so far. */
  pour(): Promise<{ taken(): number; stop(): void }>
  /** Messages as they are, inside whatever encrypts; each may be malformed. */
  say(messages: readonly Buffer[]): Promise<void>
  /** Stops reading from the network, so that its window closes. */
  pause(): void
  resume(): void
  /** Closes the connection without a word of the protocol. */
  hangUp(): void
  /** As the kernel does for a client that crashed. */
  reset(): void
}

/** What a protocol's test brings: a real target, its native client, and the words for what a client does. */
export interface ProtocolLab {
  readonly protocol: Protocol
  /** As `protocol` after the gateway was started again: the same keys, an empty memory. */
  restarted(): Protocol
  /** With its real address, all well: `checkSettings` and `check` find nothing. */
  readonly target: Target
  readonly scope: string
  readonly desk: Pick<LoginDesk, 'tls' | 'verifier' | 'publicKey'>
  /** The login that the desk knows. */
  readonly login: string
  /** Of the grant at the target. */
  readonly targetLogin: TargetLogin
  /** Under which `leaveUnruly` is refused and everything else is not. */
  readonly rules: Partial<SessionRules>
  /** Rejects with the native words in which the door refused. */
  connect(knock: Knock): Promise<ContractClient>
  /** Well-formed messages of a client that has logged in which leave the mark. */
  messages(mark: string): readonly Buffer[]
  /** The marks at the target, in the order in which it did them. Asked past the gateway. */
  marks(): Promise<readonly string[]>
  /** How much runs at the target under a login of its own. Asked past the gateway. */
  running(login: string): Promise<number>
  /** Ends by force whatever serves sessions at the target; resolves when it takes new ones again. */
  kill(): Promise<void>
  /** Takes something away at the target that the plan installs; `repair` brings it back. */
  damage(): Promise<{ repair(): Promise<void> }>
  close(): Promise<void>
}

/** Settings that make no sense, and the field that the fault must name. */
export interface Nonsense {
  readonly field: string
  readonly address?: string
  readonly settings?: Readonly<Record<string, unknown>>
}
