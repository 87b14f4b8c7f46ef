import { plain } from './terminal.ts'

/** Columns in the given width; the last column is cut with … where it would not fit. Cells hold one line. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const all = [head, ...rows].map(row => row.map(cell => plain(cell).replaceAll(/\s+/g, ' ')))
  const sizes = head.map((_, column) => Math.max(...all.map(row => lengthOf(row[column] ?? ''))))
  const gaps = 2 * (head.length - 1)
  let over = sizes.reduce((sum, size) => sum + size, gaps) - width
  // The widest columns give way first, none below eight.
  while (over > 0) {
    const widest = sizes.indexOf(Math.max(...sizes))
    const size = sizes[widest] ?? 0
    if (size <= 8) break
    sizes[widest] = size - 1
    over--
  }
  return all.map(row =>
    row
      .map((cell, column) => fit(cell, sizes[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** `name  value` lines with the names in one column; undefined values are left out. */
export function fields(pairs: readonly (readonly [string, string | undefined])[]): readonly string[] {
  const given = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined)
  const size = Math.max(0, ...given.map(([name]) => name.length))
  return given.map(([name, value]) => `${name.padEnd(size)}  ${plain(value)}`)
}

function fit(text: string, size: number): string {
  const length = lengthOf(text)
  return length <= size
    ? text + ' '.repeat(size - length)
    : `${letters(text)
        .slice(0, size - 1)
        .join('')}…`
}

const segmenter = new Intl.Segmenter()

/** What a reader sees as one character each. */
function letters(text: string): readonly string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

function lengthOf(text: string): number {
  return letters(text).length
}
