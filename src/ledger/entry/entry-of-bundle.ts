/**
 * The bytes of one entry of a bundle (c2sp.org/tlog-tiles, "Log Entries": 16-bit length, then the entry). `position` counts
 * from 0 within the bundle. Undefined when the bundle does not reach so far or is cut.
 */
export function entryOfBundle(bundle: Buffer, position: number): Buffer | undefined {
  let at = 0
  for (let i = 0; at + 2 <= bundle.length; i += 1) {
    const end = at + 2 + bundle.readUInt16BE(at)
    if (end > bundle.length) return undefined
    if (i === position) return bundle.subarray(at + 2, end)
    at = end
  }
  return undefined
}
