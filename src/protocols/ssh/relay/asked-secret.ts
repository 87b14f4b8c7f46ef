/** Enough of the last line to see what it asks for. */
const LINE = 200
const ASKS =
  /(pass ?(word|phrase|code)|\bPIN\b|verification code|one-time|\bOTP\b|secret)[^\r\n]{0,120}[:?]\s*$/iu

/**
 * Whether a terminal asks for a secret, so that what is typed next stays out of the record (requirement 20). A terminal does not tell us
 * that it does not echo, so the question itself is what we go by: best effort.
 */
export class AskedSecret {
  #line = ''

  shown(text: string): void {
    const from = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1
    this.#line = (from > 0 ? text.slice(from) : this.#line + text).slice(-LINE)
  }

  /** What may be recorded of what is typed. The end of the line also ends the question. */
  typed(text: string): string {
    if (!ASKS.test(this.#line)) return text
    const end = text.search(/[\r\n]/)
    if (end < 0) return '•'.repeat(Math.min(text.length, 1))
    this.#line = ''
    return (end > 0 ? '•' : '') + text.slice(end)
  }
}
