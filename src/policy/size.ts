const UNIT = { B: 1, KiB: 1024, MiB: 1024 * 1024 } as const
const MOST = 64 * UNIT.MiB

/** `64KiB` → 65536, `0` → 0. Bytes; undefined for another form or more than 64MiB. */
export function parseSize(text: string): number | undefined {
  const found = /^(\d{1,9})(B|KiB|MiB)?$/.exec(text)
  if (!found) return undefined
  if (found[2] === undefined && Number(found[1]) !== 0) return undefined
  const bytes = Number(found[1]) * UNIT[(found[2] ?? 'B') as keyof typeof UNIT]
  return bytes <= MOST ? bytes : undefined
}
