/**
 * Leaves `from` up to, not including, `to`, placed so that every larger tree that reaches at least `to` groups them
 * under few nodes (draft-ietf-plants-merkle-tree-certs §4.1). The hash of a subtree is RFC 6962's of its leaves alone.
 */
export interface Subtree {
  readonly from: number
  readonly to: number
}

/** `from` is a multiple of the smallest power of two that is not smaller than the number of leaves. */
export function isSubtree({ from, to }: Subtree): boolean {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || from > to) return false
  let width = 1
  while (width < to - from) width *= 2
  return from % width === 0
}

/**
 * The fewest subtrees that together are exactly the leaves `from` up to `to`, left to right; none when they are equal.
 * At most one per bit of the width: complete ones that grow up to an aligned place, then one that holds the rest.
 */
export function subtreesOf(from: number, to: number): Subtree[] {
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from <= to))
    throw new RangeError(`there are no leaves ${from} up to ${to}`)
  const subtrees: Subtree[] = []
  let at = from
  while (at < to && !isSubtree({ from: at, to })) {
    let width = 1
    while (at % (width * 2) === 0) width *= 2
    subtrees.push({ from: at, to: at + width })
    at += width
  }
  if (at < to) subtrees.push({ from: at, to })
  return subtrees
}
