import { hostname } from 'node:os'
import { createSecureContext, type SecureContext } from 'node:tls'
import { type KeyedCertificate, makeAuthority, makeLeaf, stillGood } from './certificates.ts'
import { readKeyed, writeKeyed } from './key-files.ts'

const RENEW_BEFORE = 30 * 86_400_000
const LOOK_EVERY = 6 * 3_600_000

export interface ServerTls {
  /** The CA that clients pin (`sslrootcert`). Public. */
  readonly caPem: string
  /** For new connections; changes when the certificate is renewed, so read it for each. */
  readonly context: SecureContext
  /** The certificate in use, PEM. Channel binding hashes it (RFC 5929 §4.1). */
  readonly certificatePem: string
  close(): void
}

export interface TlsOptions {
  /** The `keys` folder: `ca.pem`, `ca.key`, `server.pem`, `server.key`. */
  readonly folder: string
  readonly organisation: string
  /** Host names and addresses clients use, beside localhost, 127.0.0.1, ::1 and this machine's name. */
  readonly names?: readonly string[]
  /** Wall ms. */
  readonly now: () => number
  /** Hears why a renewal failed; the certificate in use is good for up to 30 days more. */
  readonly onTrouble: (cause: unknown) => void
}

/**
 * The server's certificate under a CA of its own: made at the first start, renewed 30 days before it ends or when a name
 * was added. The CA is never replaced by itself. Faults `config.invalid` for unusable files.
 */
export async function openServerTls({
  folder,
  organisation,
  names = [],
  now,
  onTrouble,
}: TlsOptions): Promise<ServerTls> {
  const wanted = [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...names])]
  const authority = readKeyed(folder, 'ca') ?? (await newAuthority(folder, organisation, now()))
  const current = async (): Promise<KeyedCertificate> => {
    const stored = readKeyed(folder, 'server')
    if (stored !== undefined && stillGood(stored, authority, wanted, now(), RENEW_BEFORE)) return stored
    const leaf = await makeLeaf(authority, wanted, now())
    writeKeyed(folder, 'server', leaf)
    return leaf
  }
  let leaf = await current()
  let context = contextOf(leaf)
  const renew = async (): Promise<void> => {
    const found = await current()
    if (found.pem === leaf.pem) return
    leaf = found
    context = contextOf(found)
  }
  // After a failure the old certificate serves on and the next look tries again.
  const look = setInterval(() => void renew().catch(onTrouble), LOOK_EVERY)
  look.unref()
  return {
    caPem: authority.pem,
    get context() {
      return context
    },
    get certificatePem() {
      return leaf.pem
    },
    close: () => clearInterval(look),
  }
}

async function newAuthority(folder: string, organisation: string, now: number): Promise<KeyedCertificate> {
  const authority = await makeAuthority(organisation, now)
  writeKeyed(folder, 'ca', authority)
  return authority
}

function contextOf({ pem, key }: KeyedCertificate): SecureContext {
  return createSecureContext({ cert: pem, key, minVersion: 'TLSv1.2' })
}
