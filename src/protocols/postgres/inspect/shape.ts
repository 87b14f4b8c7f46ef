/** Only these statements: elsewhere (SET, EXPLAIN, FETCH) the value of a number decides what a statement is. */
const SHAPED = /^[ \t\r\n]*(select|insert|update|delete|with)[ \t\r\n]/i
/** Grammar rules that look at the number itself: `float(0)` is an error of the grammar, `float(1)` is not. */
const LOOKS_AT_NUMBERS = /float/i
const AT_MOST = 1024
/** Digits of a whole number that the grammar surely takes for an integer. */
const MOST_DIGITS = 9

/** What a character is to the shape; quotes, dollars, comments, backslashes and everything beyond ASCII are left to the parser. */
const OTHER = 0
const BLANK = 1
const MARK = 2
const DIGIT = 3
const LETTER = 4
const DOT = 5
const MINUS = 6
const SEMICOLON = 7

const KINDS = new Uint8Array(128)
const say = (characters: string, kind: number): void => {
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind
}
say(' \t\r\n', BLANK)
say(',()=<>*+%|!', MARK)
say('0123456789', DIGIT)
say('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_', LETTER)
say('.', DOT)
say('-', MINUS)
say(';', SEMICOLON)

/**
 * The text with its whole numbers replaced by their order of first appearance, so that texts of one shape differ in nothing but
 * the values of numbers, and equal numbers stay equal. All texts of a shape have the same facts but for places: no rule looks at the value of a
 * number in these statements, only at whether two are the same (`x = 1 OR x <> 1`). Undefined when that cannot be
 * told by looking at characters alone; then the text is parsed.
 */
export function shapeOf(text: string): string | undefined {
  if (text.length > AT_MOST || !SHAPED.test(text)) return undefined
  const { length } = text
  let shape = ''
  let copied = 0
  let numbers: string[] | undefined
  let at = 0
  while (at < length) {
    const kind = kindAt(text, at)
    if (kind === OTHER) return undefined
    if (kind === SEMICOLON) {
      if (!blankFrom(text, at + 1)) return undefined
      break
    }
    if (kind === MINUS && kindAt(text, at + 1) === MINUS) return undefined
    if (kind < DIGIT || kind > DOT) {
      at++
      continue
    }
    const start = at
    let digits = 0
    let inside: number
    while ((inside = kindAt(text, at)) >= DIGIT && inside <= DOT) {
      if (inside === DIGIT) digits++
      at++
    }
    if (kind === LETTER || digits === 0) continue
    // Fractions, exponents, leading zeros and what is no number at all.
    if (digits !== at - start || digits > MOST_DIGITS || (digits > 1 && text.charCodeAt(start) === 48))
      return undefined
    const word = text.slice(start, at)
    numbers ??= []
    let place = numbers.indexOf(word)
    if (place === -1) place = numbers.push(word) - 1
    shape += `${text.slice(copied, start)}#${place}`
    copied = at
  }
  if (numbers === undefined || LOOKS_AT_NUMBERS.test(text)) return undefined
  return shape + text.slice(copied)
}

function kindAt(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < 128 ? (KINDS[code] as number) : OTHER
}

function blankFrom(text: string, from: number): boolean {
  for (let at = from; at < text.length; at++) if (kindAt(text, at) !== BLANK) return false
  return true
}
