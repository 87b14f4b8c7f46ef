import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import type { HostRules } from '../../../target/action.ts'
import type { CertificateExtension } from '../keys/certificate.ts'
import { publicKeyOf } from '../keys/public-blob.ts'
import { publicBlob } from '../keys/public-blob.ts'
import { signUserCertificate } from '../keys/sign-user-certificate.ts'

/** What a certificate towards a target says, in our words. Times in wall milliseconds. */
export interface SessionTerms {
  readonly target: string
  readonly scope: string
  readonly login: string
  readonly session: string
  readonly now: number
  /** The end of the grant. */
  readonly until: number
  readonly sourceAddresses: readonly string[]
  readonly forceCommand?: string | undefined
  readonly host?: HostRules | undefined
}

/** A target's clock may be behind ours by this much; its key did not exist before, so the certificate opens nothing earlier. */
const BEGINS_BEFORE_S = 3600

/** The principal of a scope: what the target's owner lets into an account (`target plan`). */
export function principalOf(target: string, scope: string): string {
  return `breakglass/${target}/${scope}`
}

/**
 * A key that lives in this process only, and the certificate that opens one scope of one target with it from our address until the
 * grant ends (whole seconds, rounded down). What the procedure does not allow is not permitted by it either.
 */
export function sessionCertificate(
  terms: SessionTerms,
  ca: KeyObject,
): { readonly key: KeyObject; readonly certificate: Buffer } {
  const { privateKey } = generateKeyPairSync('ed25519')
  const after = Math.floor(terms.now / 1000) - BEGINS_BEFORE_S
  const certificate = signUserCertificate(
    {
      serial: randomBytes(8).readBigUInt64BE(),
      keyId: `${terms.login} ${terms.session}`,
      principals: [principalOf(terms.target, terms.scope)],
      validAfter: after,
      validBefore: Math.max(after + 1, Math.floor(terms.until / 1000)),
      forceCommand: terms.forceCommand,
      sourceAddresses: terms.sourceAddresses,
      extensions: extensionsOf(terms.host),
    },
    publicKeyOf(publicBlob(privateKey)),
    ca,
  )
  return { key: privateKey, certificate }
}

function extensionsOf(host: HostRules | undefined): CertificateExtension[] {
  const allow = host?.allow ?? []
  const forwards = (host?.forward.length ?? 0) > 0 || allow.includes('remote_forwarding')
  return [
    'permit-pty',
    ...(forwards ? (['permit-port-forwarding'] as const) : []),
    ...(allow.includes('agent_forwarding') ? (['permit-agent-forwarding'] as const) : []),
    ...(allow.includes('x11_forwarding') ? (['permit-X11-forwarding'] as const) : []),
  ]
}
