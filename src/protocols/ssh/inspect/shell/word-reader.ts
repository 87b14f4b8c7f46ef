import { unescapeAnsi } from './ansi-quoted.ts'
import type { Cursor } from './cursor.ts'
import { UNKNOWN_PIECE, type Word } from './word.ts'

/** What a word may hold inside: commands. */
export interface Inner {
  /** Reads commands up to a `)` or the end, which stays. */
  substitution(): void
  /** Reads `text` as a command line of its own that stands at `from` to `to`. */
  quoted(text: string, from: number, to: number): void
  /** Steps over blanks, ends of lines and comments. */
  newlines(): void
}

const ENDS = new Set(['', ' ', '\t', '\n', ';', '&', '|', '(', ')', '<', '>'])
const NAME = /^[A-Za-z_]\w*(?:\[[^\]]*\])?\+?$/

/** A word while it is read. */
class Draft {
  text = ''
  known = true
  quoted = false
  assigns: string | undefined
  /** Signs that stood without quotes: they mean something only together. */
  readonly #seen = { equals: false, bracket: false, brace: false, comma: false }

  unknown(): void {
    this.known = false
    this.text += UNKNOWN_PIECE
  }

  /** A character that stands without quotes. */
  bare(character: string): void {
    const seen = this.#seen
    if (character === '=' && !seen.equals) {
      seen.equals = true
      if (!this.quoted && this.known && NAME.test(this.text)) this.assigns = this.text.replace(/[[+].*$/, '')
    }
    // `{}` and `[` alone are what they are.
    if (character === '{') seen.brace = true
    if (character === ',' || character === '.') seen.comma = seen.brace
    if (character === '[') seen.bracket = true
    const wild =
      character === '*' ||
      character === '?' ||
      (character === '}' && seen.comma) ||
      (character === ']' && seen.bracket) ||
      (character === '~' && (this.text === '' || this.assigns !== undefined))
    if (wild) this.known = false
    this.text += character
  }
}

/** Reads words and what is in them: quotes, expansions, substitutions (POSIX 2.2, 2.6; Bash 3.1.2, 3.5). */
export class WordReader {
  readonly #cursor: Cursor
  readonly #inner: Inner

  constructor(cursor: Cursor, inner: Inner) {
    this.#cursor = cursor
    this.#inner = inner
  }

  /** The word that begins here; its quotes are taken off. */
  word(): Word {
    const cursor = this.#cursor
    const draft = new Draft()
    const from = cursor.at
    for (let here = cursor.here; !ENDS.has(here) || this.#process(); here = cursor.here) {
      if (here === '<' || here === '>') draft.unknown()
      else if (here === '\\') {
        draft.quoted = true
        draft.text += this.#next() || here
        cursor.at = Math.min(cursor.at + 2, cursor.text.length)
      } else if (here === "'") {
        const end = this.#closing("'", cursor.at + 1)
        draft.quoted = true
        draft.text += cursor.text.slice(cursor.at + 1, end)
        cursor.at = end + 1
      } else if (here === '"') {
        draft.quoted = true
        cursor.at++
        this.#double(draft)
      } else if (here === '`') {
        this.#backtick(draft, false)
      } else if (here === '$') {
        this.#dollar(draft, false)
      } else {
        draft.bare(here)
        cursor.at++
        if (here === '=' && draft.assigns !== undefined && cursor.here === '(') this.#array(draft)
      }
    }
    const { text, known, quoted, assigns } = draft
    return { text, known, quoted, ...(assigns !== undefined && { assigns }), from, to: cursor.at }
  }

  /** The expansions in the body of a here-document, which ends at `end`. */
  body(end: number): void {
    const cursor = this.#cursor
    const draft = new Draft()
    this.#expansions(draft, () => cursor.at >= end)
    if (cursor.at > end) throw cursor.notShell('a here-document ends inside an expansion')
  }

  /** `((` is here and was stepped over: reads up to the `))` and over it; undefined when it is no arithmetic. */
  arithmetic(): boolean {
    const cursor = this.#cursor
    const end = this.#endOfArithmetic()
    if (end === undefined) return false
    const draft = new Draft()
    this.#expansions(draft, () => cursor.at >= end)
    if (cursor.at > end) throw cursor.notShell('arithmetic ends inside an expansion')
    cursor.expect('))')
    return true
  }

  #expansions(draft: Draft, done: () => boolean): void {
    const cursor = this.#cursor
    while (!done()) {
      const here = cursor.text[cursor.at]
      if (here === '\\') cursor.at += 2
      else if (here === '$') this.#dollar(draft, true)
      else if (here === '`') this.#backtick(draft, true)
      else cursor.at++
    }
  }

  /** `<(` and `>(`: commands whose output or input is the word (Bash 3.5.6). */
  #process(): boolean {
    const cursor = this.#cursor
    if (!cursor.eat('<(') && !cursor.eat('>(')) return false
    cursor.within(() => this.#inner.substitution())
    cursor.expect(')')
    // The loop of the caller adds the piece: it still has the sign in hand.
    return true
  }

  #double(draft: Draft): void {
    const cursor = this.#cursor
    for (let here = cursor.here; here !== '"'; here = cursor.here) {
      if (here === '') throw cursor.notShell('a double quote is not closed')
      if (here === '\\') {
        const next = this.#next()
        draft.text += /[$`"\\]/.test(next) ? next : `\\${next}`
        cursor.at += 2
      } else if (here === '$') this.#dollar(draft, true)
      else if (here === '`') this.#backtick(draft, true)
      else {
        draft.text += here
        cursor.at++
      }
    }
    cursor.at++
  }

  #dollar(draft: Draft, inDouble: boolean): void {
    const cursor = this.#cursor
    const from = cursor.at
    cursor.at++
    const here = cursor.here
    if (here === '(') {
      draft.unknown()
      this.#substitution()
    } else if (here === '{') {
      draft.unknown()
      cursor.at++
      cursor.within(() => this.#parameter(inDouble))
    } else if (here === "'" && !inDouble) {
      const end = this.#closingAnsi(cursor.at + 1)
      draft.quoted = true
      // Not to every shell: to some the escapes are plain characters behind a dollar sign.
      draft.known = false
      draft.text += unescapeAnsi(cursor.text.slice(cursor.at + 1, end))
      cursor.at = end + 1
    } else if (here === '"' && !inDouble) {
      // A translated text to some shells, to others a dollar sign before an ordinary quote, which comes next.
      draft.known = false
    } else if (here === '[') {
      cursor.riddle('$[ is arithmetic to some shells and nothing to others', from)
      draft.unknown()
    } else if (/[A-Za-z_]/.test(here)) {
      draft.unknown()
      while (/\w/.test(cursor.here)) cursor.at++
    } else if (/[0-9@*#?$!-]/.test(here)) {
      draft.unknown()
      cursor.at++
    } else {
      draft.text += '$'
    }
  }

  #substitution(): void {
    const cursor = this.#cursor
    if (cursor.eat('((') && cursor.within(() => this.arithmetic())) return
    if (cursor.text[cursor.at - 1] === '(' && cursor.text[cursor.at - 2] === '(') cursor.at--
    else cursor.expect('(')
    cursor.within(() => this.#inner.substitution())
    cursor.expect(')')
  }

  /** Behind `${`, up to its `}` and over it. */
  #parameter(inDouble: boolean): void {
    const cursor = this.#cursor
    const draft = new Draft()
    if (/[\s|]/.test(cursor.here)) cursor.riddle('${ with commands in it')
    for (let here = cursor.here; here !== '}'; here = cursor.here) {
      if (here === '') throw cursor.notShell('${ is not closed')
      if (inDouble && (here === "'" || here === '"')) cursor.riddle('quotes in ${} in quotes')
      if (here === '\\') cursor.at += 2
      else if (here === "'" && !inDouble) cursor.at = this.#closing("'", cursor.at + 1) + 1
      else if (here === '"') {
        cursor.at++
        this.#double(draft)
      } else if (here === '$') this.#dollar(draft, inDouble)
      else if (here === '`') this.#backtick(draft, inDouble)
      else cursor.at++
    }
    cursor.at++
  }

  /** The command in backticks, with one level of its escapes taken off (POSIX 2.6.3). */
  #backtick(draft: Draft, inDouble: boolean): void {
    const cursor = this.#cursor
    const from = cursor.at
    let command = ''
    let at = from + 1
    for (let here = cursor.text[at]; here !== '`'; here = cursor.text[at]) {
      if (here === undefined) throw cursor.notShell('a backtick is not closed')
      const next = cursor.text[at + 1] ?? ''
      if (here === '\\' && inDouble && next === '"')
        cursor.riddle('escaped quotes in backticks in quotes', at)
      if (here === '\\' && /[$`\\]/.test(next)) {
        command += next
        at += 2
      } else {
        command += here
        at++
      }
    }
    cursor.at = at + 1
    draft.unknown()
    this.#inner.quoted(command, from, cursor.at)
  }

  #array(draft: Draft): void {
    const cursor = this.#cursor
    cursor.at++
    draft.unknown()
    cursor.within(() => {
      for (this.#inner.newlines(); cursor.here !== ')'; this.#inner.newlines()) {
        if (ENDS.has(cursor.here)) throw cursor.notShell('an array is not closed')
        this.word()
      }
    })
    cursor.at++
  }

  /**
   * Where the `))` of the arithmetic begins that starts here; undefined when these parentheses are commands. What is quoted in it is
   * understood differently by shells. One pass without reading what is inside.
   */
  #endOfArithmetic(): number | undefined {
    const { text, at: start } = this.#cursor
    let depth = 2
    let odd: number | undefined
    for (let at = start; at < text.length; at++) {
      const here = text[at]
      if (here === '(') depth++
      if (here === ')') depth--
      if (here === "'" || here === '"' || here === '\\' || here === '#') odd ??= at
      if (depth > 1) continue
      if (text[at + 1] !== ')') return undefined
      if (odd !== undefined) this.#cursor.riddle('quotes in arithmetic', odd)
      return at
    }
    return undefined
  }

  /** What stands behind a `\`; '' at the end. */
  #next(): string {
    const { text, at } = this.#cursor
    return text[at + 1] ?? ''
  }

  #closing(quote: string, from: number): number {
    const end = this.#cursor.text.indexOf(quote, from)
    if (end < 0) throw this.#cursor.notShell('a single quote is not closed')
    return end
  }

  /** A `\'` does not close it, but to a shell that does not know `$'` it does. */
  #closingAnsi(from: number): number {
    const { text } = this.#cursor
    for (let at = from; at < text.length; at++) {
      if (text[at] === "'") return at
      if (text[at] !== '\\') continue
      if (text[at + 1] === "'") this.#cursor.riddle("\\' in $'…'", at)
      at++
    }
    throw this.#cursor.notShell('a single quote is not closed')
  }
}
