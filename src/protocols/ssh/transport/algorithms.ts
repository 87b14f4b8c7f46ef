/**
 * What is offered to clients and targets: nothing that ssh-audit fails. No ChaCha20-Poly1305, which clients prefer and which without a
 * native module is dearer than AES-GCM; no NIST curves, no SHA-1, no MAC before encryption.
 */
const KEX = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group18-sha512',
]
const GCM = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com']
const CIPHERS = [...GCM, 'aes256-ctr', 'aes192-ctr', 'aes128-ctr']
const MACS = ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com']

/** Has AES-GCM (since 6.2) but prefers AES-CTR, whose separate MAC costs as much again as all the rest. */
const OPENSSH = /^OpenSSH_(?:[7-9]|[1-9]\d)/

/** What a client that calls itself `software` is offered instead; undefined: the same as all others. The choice would be the client's. */
export function serverOfferTo(software: string, hostKeys: readonly string[]): object | undefined {
  if (!OPENSSH.test(software)) return undefined
  const way = { ...WAY, cipher: GCM }
  return { kex: [...KEX, 'kex-strict-s-v00@openssh.com'], serverHostKey: hostKeys, cs: way, sc: way }
}

/** How the exchange is negotiated (RFC 4253 §7.1); `hostKeys` in order of preference. Each side adds its marker of the strict exchange. */
export function algorithms(hostKeys: readonly string[]): {
  readonly kex: readonly string[]
  readonly serverHostKey: readonly string[]
  readonly cs: typeof WAY
  readonly sc: typeof WAY
} {
  return { kex: KEX, serverHostKey: hostKeys, cs: WAY, sc: WAY }
}

const WAY = { cipher: CIPHERS, mac: MACS, compress: ['none'], lang: [] as readonly string[] }

/** Algorithms with which a host key of this type signs. */
export function signatureAlgorithms(keyType: string): readonly string[] {
  return keyType === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [keyType]
}
