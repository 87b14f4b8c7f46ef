import { sha256 } from '../../../kernel/bytes.ts'

/** The fingerprint of a key blob as OpenSSH prints it: `SHA256:` and unpadded base64. */
export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${sha256(blob).toString('base64').replace(/=+$/, '')}`
}
