import { type HashReader, nodeHash, rangeHash, splitPoint } from '../tree/merkle.ts'

/**
 * One proof for many leaves: the hash of every largest subtree that holds none of them, left to right. With one leaf these are
 * the hashes of RFC 6962 §2.1.1 in another order; with a contiguous range they show that nothing in it is left out.
 * `indexes`: ascending, without repetition, below `size`. RangeError otherwise.
 */
export async function multiProof(
  hashes: HashReader,
  indexes: ArrayLike<number>,
  size: number,
): Promise<Buffer[]> {
  if (!isAscending(indexes, size)) throw new RangeError(`not ascending indexes below ${size}`)
  const proof: Buffer[] = []
  // `indexes[from]` up to, not including, `indexes[to]` are those within the leaves `low` to `high`.
  const walk = async (low: number, high: number, from: number, to: number): Promise<void> => {
    if (from === to) {
      proof.push(await rangeHash(hashes, low, high))
      return
    }
    if (to - from === high - low) return
    const middle = low + splitPoint(high - low)
    const cut = firstFrom(indexes, middle, from, to)
    await walk(low, middle, from, cut)
    await walk(middle, high, cut, to)
  }
  if (size > 0) await walk(0, size, 0, indexes.length)
  return proof
}

/**
 * The root that `proof` and the leaf hashes give; undefined when the proof has not exactly the hashes it needs, or the indexes
 * are not those of leaves. `leaf(n)`: the hash of the leaf at `indexes[n]`.
 */
export function rootOfMany(
  indexes: ArrayLike<number>,
  leaf: (n: number) => Uint8Array,
  size: number,
  proof: readonly Uint8Array[],
): Uint8Array | undefined {
  if (size === 0 || !isAscending(indexes, size)) return undefined
  let used = 0
  const walk = (low: number, high: number, from: number, to: number): Uint8Array | undefined => {
    if (from === to) return proof[used++]
    if (high - low === 1) return leaf(from)
    const middle = low + splitPoint(high - low)
    const cut = firstFrom(indexes, middle, from, to)
    const left = walk(low, middle, from, cut)
    const right = walk(middle, high, cut, to)
    return left && right && nodeHash(left, right)
  }
  const root = walk(0, size, 0, indexes.length)
  return used === proof.length ? root : undefined
}

function isAscending(indexes: ArrayLike<number>, size: number): boolean {
  let before = -1
  for (let n = 0; n < indexes.length; n += 1) {
    const index = indexes[n] as number
    if (!Number.isSafeInteger(index) || index <= before || index >= size) return false
    before = index
  }
  return true
}

/** The first of `indexes[from]` … `indexes[to - 1]` that is not below `least`; `to` when there is none. */
function firstFrom(indexes: ArrayLike<number>, least: number, from: number, to: number): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((indexes[middle] as number) < least) low = middle + 1
    else high = middle
  }
  return low
}
