/**
 * The y coordinates of the eight points of small order, as RFC 8032 §5.1.2 encodes them, the ones beyond the field's prime too.
 * Whoever registers one as a key can say later that anybody signed: for them a signature can be made without a secret.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/** Whether signatures under this ed25519 point prove nothing. The sign of x does not matter. */
export function isWeakPoint(point: Uint8Array): boolean {
  const bytes = Buffer.from(point)
  const last = bytes.length - 1
  bytes[last] = (bytes[last] ?? 0) & 0x7f
  return SMALL_ORDER.has(bytes.toString('hex'))
}
