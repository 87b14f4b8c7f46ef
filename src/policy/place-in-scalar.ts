/**
 * Where character `at` of a decoded YAML scalar stands in its source (YAML 1.2.2 §7.3, §8.1). Folding, indentation and block
 * headers only ever add, drop or change white space, so the n-th visible character of the value is the n-th visible one of
 * the source; escapes and doubled quotes count as the one character they stand for. Offsets in UTF-16 units from the
 * start of `source`, which begins with the indicator (`>`, `|`, `'`, `"`) if there is one.
 */
export function placeInScalar(source: string, value: string, at: number): number {
  let wanted = 0
  const end = Math.min(at, value.length)
  for (let i = 0; i < end; i++) if (visible(value[i])) wanted++
  // A place in white space, or behind the end, is shown at the last character before it.
  const back = !visible(value[at])
  if (back && wanted > 0) wanted--

  let last = 0
  for (const offset of visibleOffsets(source)) {
    last = offset
    if (wanted-- === 0) return back && at > 0 ? offset + 1 : offset
  }
  return last
}

function* visibleOffsets(source: string): Generator<number> {
  const style = source[0]
  if (style === '>' || style === '|') {
    const body = source.indexOf('\n')
    if (body >= 0) for (let i = body; i < source.length; i++) if (visible(source[i])) yield i
    return
  }
  if (style === "'") {
    for (let i = 1; i < source.length - 1; i++) {
      if (visible(source[i])) yield i
      if (source[i] === "'") i++
    }
    return
  }
  if (style === '"') {
    yield* doubleQuoted(source)
    return
  }
  for (let i = 0; i < source.length; i++) if (visible(source[i])) yield i
}

const HEX: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }
const BLANK_ESCAPES = new Set(['n', 't', 'r', 'f', 'v', ' ', '\t', '_', 'L', 'P', '\n', '\r'])

function* doubleQuoted(source: string): Generator<number> {
  for (let i = 1; i < source.length - 1; i++) {
    if (source[i] !== '\\') {
      if (visible(source[i])) yield i
      continue
    }
    const kind = source[i + 1] ?? ''
    const digits = HEX[kind] ?? 0
    const code =
      digits > 0 ? String.fromCodePoint(Number.parseInt(source.slice(i + 2, i + 2 + digits), 16)) : kind
    if (!BLANK_ESCAPES.has(kind)) for (const unit of code.split('')) if (visible(unit)) yield i
    i += 1 + digits
  }
}

function visible(unit: string | undefined): boolean {
  return unit !== undefined && /\S/.test(unit)
}
