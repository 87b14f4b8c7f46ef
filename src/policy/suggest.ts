/** `did you mean "orders-db"?` when one of the names is at most two slips away; else the names there are. */
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

/** Levenshtein distance; gives up, and says `limit`, once it cannot be less. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const above = row
    row = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (above[j - 1] ?? limit) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(swap, (above[j] ?? limit) + 1, (row[j - 1] ?? limit) + 1))
    }
  }
  return Math.min(limit, row[b.length] ?? limit)
}
