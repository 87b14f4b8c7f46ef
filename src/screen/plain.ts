/**
 * Takes control characters out of what others wrote, and what turns the direction of writing: no text may move the
 * cursor, recolour the screen or read other than it is.
 */
export function plain(text: string): string {
  return text.replaceAll(/[^\P{Cc}\t\n]|[\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD')
}
