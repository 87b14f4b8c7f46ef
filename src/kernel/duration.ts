const UNIT = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const FORM = /^(\d{1,9})(ms|s|m|h|d)$/

/** `30m` → 1800000. Milliseconds; undefined when the text is not of the form number + ms|s|m|h|d. */
export function parseDuration(text: string): number | undefined {
  const found = FORM.exec(text.trim())
  if (!found) return undefined
  return Number(found[1]) * UNIT[found[2] as keyof typeof UNIT]
}

/** 1800000 → `30m`: the largest unit that divides without rest. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms >= UNIT[unit] && ms % UNIT[unit] === 0) return `${ms / UNIT[unit]}${unit}`
  }
  return `${ms}ms`
}
