import type { Subject } from './manifest.ts'

/** Something in a bundle that is not as it must be. `file`: empty for the archive itself. */
export interface BundleFinding {
  readonly file: string
  /** The first entry concerned, where there is one. */
  readonly index?: number
  readonly what: string
}

/** One session as its entries tell it; times are wall ms. */
export interface SessionAccount {
  readonly session: string
  readonly grant: string
  /** Pseudonym. */
  readonly person: string
  readonly target: string
  readonly openedAt: number
  readonly closedAt?: number
  readonly reason?: string
  readonly entries: number
}

/** One grant as the control log tells it; times are wall ms. */
export interface GrantAccount {
  readonly grant: string
  readonly person: string
  readonly target: string
  readonly procedure: string
  /** Of the set of procedures in force when it was requested, hex. */
  readonly digest: string
  readonly requestedAt: number
  /** Its request in the control log. */
  readonly entry: number
  readonly activatedAt?: number
  readonly endedAt?: number
  /** The event after which nothing can come, and when. */
  readonly last?: { readonly type: string; readonly at: number; readonly entry: number }
  /** Events that name it. */
  readonly events: number
}

export interface PartAccount {
  readonly log: string
  readonly origin: string
  /** Entries that the checkpoint covers. */
  readonly size: number
  readonly entries: number
  /** Witnesses of the policy that cosigned the checkpoint, by the policy's names, and when: seconds since 1970. */
  readonly witnesses: readonly { readonly name: string; readonly time: number }[]
  /** What was sealed, by what the bundle says of it. */
  readonly payloads: { readonly open: number; readonly erased: number; readonly withheld: number }
}

/**
 * `holds`: everything the bundle must show for its subject is there and proven. `incomplete`: all that is there is proven, but
 * something that belongs to the subject is not. `broken`: something is not what it claims to be.
 */
export type Outcome = 'holds' | 'incomplete' | 'broken'

export interface BundleVerdict {
  readonly outcome: Outcome
  /** As the manifest says; undefined when it cannot be read. */
  readonly subject?: Subject
  readonly made?: number
  readonly parts: readonly PartAccount[]
  readonly grant?: GrantAccount
  readonly sessions: readonly SessionAccount[]
  /** What was checked and held, one sentence each, in the order of checking. */
  readonly shown: readonly string[]
  readonly findings: readonly BundleFinding[]
  /** What belongs to the subject and is not shown. */
  readonly missing: readonly string[]
  /** What nobody should conclude from it, however good it is. */
  readonly notProven: readonly string[]
}
