import type { SignedHead } from '../signer/signer.ts'

/** Left by a close that had everything durable and signed; gone while the log is open. */
export const CLEAN_STOP_FILE = 'clean-stop'

const FORM = /^breakglass clean stop v1\n(0|[1-9]\d{0,15})\n([0-9a-f]{64})\n$/

export function encodeCleanStop({ size, root }: SignedHead): Buffer {
  return Buffer.from(`breakglass clean stop v1\n${size}\n${root.toString('hex')}\n`)
}

/** Undefined when the bytes are anything else. */
export function decodeCleanStop(bytes: Buffer): SignedHead | undefined {
  const found = FORM.exec(bytes.toString('latin1'))
  if (found === null) return undefined
  return { size: Number(found[1]), root: Buffer.from(found[2] ?? '', 'hex') }
}
