/**
 * An identifier for SQL text, always quoted. NUL cannot be in one; line breaks can and stay inside the quotes (attack 13).
 * Only valid with `standard_conforming_strings = on`, which the control connection sets.
 */
export function identifier(name: string): string {
  return `"${checked(name).replaceAll('"', '""')}"`
}

/** A string constant for SQL text. */
export function literal(text: string): string {
  return `'${checked(text).replaceAll("'", "''")}'`
}

function checked(text: string): string {
  if (text.includes('\0')) throw new TypeError('NUL in SQL text')
  return text
}
