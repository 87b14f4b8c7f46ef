/**
 * How long a test waits for what must happen, in milliseconds. It is no promise of speed, those are measured by `npm run bench`:
 * only the point after which nobody believes any more that the machine is merely busy.
 */
export const PATIENCE_MS = 60_000

/** What `look` finds, as soon as it finds something. Throws, with `what` was waited for, when patience ends. */
export async function found<T>(
  look: () => T | undefined | Promise<T | undefined>,
  what: string | (() => string) = 'nothing was found',
): Promise<T> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (performance.now() > end) throw new Error(`in vain: ${typeof what === 'string' ? what : what()}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** Returns as soon as it holds. Throws, with `what` was waited for, when patience ends. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what?: string | (() => string),
): Promise<void> {
  await found(async () => ((await holds()) ? true : undefined), what)
}
