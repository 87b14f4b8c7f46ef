/** First line of a library's message, without its drawing of the source; for people who wrote the condition. */
export function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const text = 'summary' in cause && typeof cause.summary === 'string' ? cause.summary : cause.message
  return (text.split('\n')[0] ?? '').slice(0, 300)
}
