/**
 * What the rest of the configuration offers for procedures to name. The caller reads it from `breakglass.yaml`; `load` takes
 * it as an argument, so that checking a set needs no running server.
 */
export interface Known {
  readonly targets: Readonly<Record<string, KnownTarget>>
  /** Alert destinations by name. */
  readonly alerts: Readonly<Record<string, readonly KnownChannel[]>>
  /** Names of configured incident sources; `self` is always known. */
  readonly incidents: readonly string[]
  /** Rule names a scope can refuse, by protocol. */
  readonly rules: Readonly<Record<string, readonly string[]>>
  /** Protocols whose gateway masks columns. A mask elsewhere would be a promise nobody keeps, and is refused. */
  readonly masks?: readonly string[]
  /** Protocols whose gateway can hold writes until somebody decides. */
  readonly rehearses?: readonly string[]
  /** Protocols whose gateway counts the rows that a statement writes. */
  readonly countsWrites?: readonly string[]
  /** Protocols that reach a host: commands, forwards, `force_command`. */
  readonly hosts?: readonly string[]
  /** Undefined where groups come from an identity provider that cannot be asked. */
  readonly groups?: readonly string[]
  /** `alerts_single_channel: true` of breakglass.yaml: one channel is accepted, knowingly. */
  readonly singleChannel?: boolean
}

export interface KnownTarget {
  readonly protocol: string
  readonly environment: string
  readonly services: readonly string[]
  readonly scopes: readonly string[]
}

export interface KnownChannel {
  /** `webhook`, `syslog`, … */
  readonly kind: string
  /** Where it leads: a URL, of which the host and port count, or any other name. The same place fails together and counts once. */
  readonly at: string
}
