import type { Target } from '../../kernel/target.ts'
import type { People } from '../../policy/terms.ts'
import type { Secret } from './secret.ts'
import type { Address } from './units.ts'

export const ROLES = ['administer', 'lock', 'audit', 'revoke'] as const
export type Role = (typeof ROLES)[number]

export interface IncidentSourceConfig {
  readonly name: string
  readonly source: 'webhook' | 'alertmanager'
  /** What proves its messages: signing secrets of a webhook, bearer tokens of an alertmanager. At least one. */
  readonly secrets: readonly Secret[]
  /** The source's name of a person → handle. */
  readonly people: Readonly<Record<string, string>>
  /** The source's word → 1 (worst) to 5. */
  readonly severity: Readonly<Record<string, number>>
}

export interface ChannelConfig {
  readonly channel: 'webhook'
  readonly url: string
  readonly secret: Secret
}

/** Who stamps the heads of the logs with a time (docs/LEDGER.md). */
export interface AnchorsConfig {
  /** Each with the file of certificates its answers must lead to (PEM). */
  readonly authorities: readonly { readonly url: string; readonly ca: string }[]
  readonly everyMs: number
}

/** Who cosigns the heads of the logs (docs/LEDGER.md). */
export interface WitnessesConfig {
  /** c2sp.org/tlog-policy. */
  readonly policy: { readonly file: string } | { readonly text: string }
  readonly everyMs: number
  /** Milliseconds without a witnessed head until it is an alert. */
  readonly alertAfterMs: number
}

/** `breakglass.yaml` checked and normalised: paths absolute, addresses split, secrets not yet read. */
export interface Config {
  readonly file: string
  readonly organisation: string
  readonly data: string
  readonly keys: string
  /** Directory of the guarded signer; not used when it answers at a socket. */
  readonly signer: string
  readonly procedures: string
  /** Origin without a trailing slash; undefined: `http://localhost:<api port>` once the port is known. */
  readonly publicUrl: string | undefined
  readonly listen: { readonly api: Address; readonly protocols: Readonly<Record<string, Address>> }
  readonly owners: { readonly people: readonly string[]; readonly count: number }
  readonly roles: Readonly<Record<Role, People>>
  /** By name. A `Secret` in `settings` is read by `readSecrets` when the target is first needed. */
  readonly targets: ReadonlyMap<string, Target>
  readonly incidents: readonly IncidentSourceConfig[]
  readonly alerts: {
    readonly destinations: ReadonlyMap<string, readonly ChannelConfig[]>
    readonly allow: readonly string[]
    readonly always: readonly string[]
    readonly singleChannel: boolean
  }
  readonly retention: {
    /** Nothing younger can be erased. */
    readonly leastMs: number
  }
  readonly ledger: {
    readonly segmentBytes: number
    readonly signer:
      | { readonly kind: 'child' | 'in_process' }
      | { readonly kind: 'socket'; readonly path: string }
    readonly witnesses: WitnessesConfig | undefined
    readonly anchors: AnchorsConfig | undefined
  }
}
