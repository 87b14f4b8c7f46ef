import { RE2JS } from 're2js'

const compiled = new Map<string, RE2JS>()

/**
 * Does `pattern` (RE2 syntax) match somewhere in `text`? Time is linear in the text whatever the pattern, unlike CEL's own
 * `matches`, which here is a backtracking RegExp. Patterns are literals of accepted conditions, so the cache is
 * bounded by them. Throws RE2JSSyntaxException on what is not RE2.
 */
export function linearMatch(text: string, pattern: string): boolean {
  let program = compiled.get(pattern)
  if (program === undefined) {
    program = RE2JS.compile(pattern)
    compiled.set(pattern, program)
  }
  return program.matcher(text).find()
}
