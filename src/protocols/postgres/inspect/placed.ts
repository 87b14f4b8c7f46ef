import type { Facts } from './facts.ts'

/**
 * The same facts with places in characters (code points) of the text, as PostgreSQL counts them in its error field `P`; the
 * parser counts bytes of UTF-8. The last statement has no length from the parser: it goes to the end of the text.
 */
export function placed(facts: Facts, text: string): Facts {
  const end = Buffer.byteLength(text.trimEnd())
  const ascii = Buffer.byteLength(text) === text.length
  return moved(facts, ascii ? at => at : characters(Buffer.from(text)), end)
}

/** Characters before a byte. Places mostly ascend, so it goes on from the last one. */
function characters(bytes: Buffer): (at: number) => number {
  let from = 0
  let count = 0
  return at => {
    if (at < from) from = count = 0
    for (; from < at && from < bytes.length; from++) if (((bytes[from] ?? 0) & 0xc0) !== 0x80) count++
    return count
  }
}

function moved(facts: Facts, place: (at: number) => number, end: number): Facts {
  return {
    ...facts,
    statements: facts.statements.map(({ at, length, ...rest }) => {
      const from = place(at)
      return { ...rest, at: from, length: Math.max(0, place(length === 0 ? end : at + length) - from) }
    }),
    findings: facts.findings.map(finding => ({ ...finding, at: place(finding.at) })),
    ...(facts.prepares && {
      prepares: { name: facts.prepares.name, inner: moved(facts.prepares.inner, place, end) },
    }),
  }
}
