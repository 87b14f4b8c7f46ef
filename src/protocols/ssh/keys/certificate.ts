/** What the holder may ask of the server beyond running things (PROTOCOL.certkeys, "Extensions"). */
export type CertificateExtension =
  | 'permit-X11-forwarding'
  | 'permit-agent-forwarding'
  | 'permit-port-forwarding'
  | 'permit-pty'
  | 'permit-user-rc'

/** What a user certificate says (OpenSSH, PROTOCOL.certkeys). */
export interface CertificateTerms {
  readonly serial: bigint
  /** Stands in the log of the server at each login. */
  readonly keyId: string
  /** At least one: a certificate without would be good for everybody. */
  readonly principals: readonly string[]
  /** Unix seconds, included. */
  readonly validAfter: number
  /** Unix seconds, not included. */
  readonly validBefore: number
  /** The server runs this whatever is asked for. */
  readonly forceCommand?: string | undefined
  /** Addresses or CIDR blocks it may be used from; undefined: any. */
  readonly sourceAddresses?: readonly string[] | undefined
  readonly extensions: readonly CertificateExtension[]
}

/** `ssh-ed25519-cert-v01@openssh.com`: the kind of certificate, and of key offered with it. */
export const ED25519_CERTIFICATE = 'ssh-ed25519-cert-v01@openssh.com'

/** `type` of a certificate for a user; 2 would be one for a host. */
export const USER = 1
