/** `did you mean "orders-db"?` when one of the names is few slips away; else the names there are. */
export function suggest(wrong: string, names: Iterable<string>): string {
  const known = [...names].sort()
  let best: string | undefined
  let least = Math.min(3, Math.ceil(wrong.length / 2))
  for (const name of known) {
    const slips = distance(wrong, name, least)
    if (slips < least) {
      least = slips
      best = name
    }
  }
  if (best !== undefined) return `Did you mean "${best}"?`
  if (known.length === 0) return 'There are none yet.'
  const shown = known.slice(0, 12).join(', ')
  return known.length > 12 ? `Known are ${shown}, and ${known.length - 12} more.` : `Known are ${shown}.`
}

/** Slips between two names: a letter too many, too few, another one, or two swapped (optimal string alignment). At most `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let before: readonly number[] = []
  let above: readonly number[] = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(
        Math.min(
          (above[j - 1] ?? limit) + same,
          (above[j] ?? limit) + 1,
          (row[j - 1] ?? limit) + 1,
          swapped ? (before[j - 2] ?? limit) + 1 : limit,
        ),
      )
    }
    before = above
    above = row
  }
  return Math.min(limit, above[b.length] ?? limit)
}
