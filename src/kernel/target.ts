/** Something one can get into, as configuration names it. What a protocol adds is its own (`settings`). */
export interface Target {
  readonly name: string
  readonly protocol: string
  readonly address: string
  readonly environment: string
  readonly services: readonly string[]
  readonly scopes: Readonly<Record<string, Scope>>
  /** Protocol-specific fields, checked by the protocol's own schema (database, login, tls, …). */
  readonly settings: Readonly<Record<string, unknown>>
}

/** A role at the target that its owner installed beforehand: privileges to install, or an existing role (`as`). */
export interface Scope {
  readonly as?: string
  readonly privileges?: readonly { readonly on: string; readonly allow: readonly string[] }[]
  readonly hide?: readonly string[]
}
