const PLAIN: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

const NUMBERED = /^(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|c([^]))/

/** What stands between `$'` and `'` (POSIX.1-2024, 2.2.4), with its escapes resolved. Bytes are taken for characters. */
export function unescapeAnsi(quoted: string): string {
  let out = ''
  for (let at = 0; at < quoted.length; ) {
    const character = quoted[at] ?? ''
    if (character !== '\\') {
      out += character
      at++
      continue
    }
    const numbered = NUMBERED.exec(quoted.slice(at + 1, at + 11))
    if (numbered) {
      const [all, hex, short, long, octal, control] = numbered
      const code =
        control === undefined
          ? Number.parseInt(hex ?? short ?? long ?? octal ?? '0', octal === undefined ? 16 : 8)
          : control.charCodeAt(0) & 0x1f
      out += code <= 0x10_ffff ? String.fromCodePoint(code) : '\uFFFD'
      at += 1 + all.length
      continue
    }
    const next = quoted[at + 1] ?? ''
    out += PLAIN[next] ?? (/["'\\?]/.test(next) ? next : `\\${next}`)
    at += 2
  }
  return out
}
