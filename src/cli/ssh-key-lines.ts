interface KeyView {
  readonly key: string
  readonly fingerprint: string
}

/** As `/v1/ssh-keys` answers. */
export interface SshKeys {
  readonly host: KeyView
  readonly ca: KeyView
  readonly next: { readonly host?: KeyView; readonly ca?: KeyView }
}

/** The gateway's own keys for people: fingerprints first, as they are compared; then the lines to copy. */
export function sshKeyLines({ host, ca, next }: SshKeys): readonly string[] {
  const rows = [
    ['host key', host],
    ['  next', next.host],
    ['authority', ca],
    ['  next', next.ca],
  ] as const
  return rows.flatMap(([what, key]) =>
    key ? [`${what.padEnd(10)} ${key.fingerprint}`, `           ${key.key}`] : [],
  )
}
