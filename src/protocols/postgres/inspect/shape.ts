const DIGIT = /[0-9]/
/** Only these statements: elsewhere (SET, EXPLAIN, FETCH) the value of a number decides what a statement is. */
const SHAPED = /^[ \t\r\n]*(select|insert|update|delete|with)[ \t\r\n]/i
/** Grammar rules that look at the number itself: `float(0)` is an error of the grammar, `float(1)` is not. */
const LOOKS_AT_NUMBERS = /float/i
/** Quotes, dollars, comments, backslashes, a second statement and everything beyond ASCII are left to the parser. */
const PLAIN = /^[\w \t\r\n,.()=<>*+%|!-]*;?[ \t\r\n]*$/
const AT_MOST = 1024

/**
 * The text with its whole numbers replaced by their order of first appearance, so that texts of one shape differ in nothing but
 * the values of numbers, and equal numbers stay equal. All texts of a shape have the same facts but for places: no rule looks at the value of a
 * number in these statements, only at whether two are the same (`x = 1 OR x <> 1`). Undefined when that cannot be
 * told by looking at characters alone; then the text is parsed.
 */
export function shapeOf(text: string): string | undefined {
  if (text.length > AT_MOST || !DIGIT.test(text) || !SHAPED.test(text) || !PLAIN.test(text)) return undefined
  if (text.includes('--') || LOOKS_AT_NUMBERS.test(text)) return undefined
  const numbers = new Map<string, number>()
  let strange = false
  const shape = text.replace(/[\w.]*[0-9][\w.]*/g, word => {
    if (/^[A-Za-z_]/.test(word)) return word
    if (!/^(0|[1-9][0-9]{0,8})$/.test(word)) strange = true
    let place = numbers.get(word)
    if (place === undefined) numbers.set(word, (place = numbers.size))
    return `#${place}`
  })
  return strange ? undefined : shape
}
