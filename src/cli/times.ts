/** Times for people: the local zone, named. Programs get UTC (`--json`). */

const DAY = 86_400_000

/** `14:03:22 CEST` today, `2026-05-02 14:03 CEST` on another day. Takes RFC 3339 or wall ms. */
export function clock(at: string | number, now: number = Date.now(), zone?: string): string {
  const moment = new Date(at)
  const parts = partsOf(moment, zone)
  const today = partsOf(new Date(now), zone)
  const date = `${parts['year']}-${parts['month']}-${parts['day']}`
  const same = date === `${today['year']}-${today['month']}-${today['day']}`
  const time = `${parts['hour']}:${parts['minute']}${same ? `:${parts['second']}` : ''} ${parts['timeZoneName']}`
  return same ? time : `${date} ${time}`
}

/** `27m`, `1h 05m`, `3d 4h`, `40s`; rounded down, never negative. Milliseconds. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 100) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (ms < 2 * DAY) return `${hours}h ${String(minutes % 60).padStart(2, '0')}m`
  return `${Math.floor(hours / 24)}d ${hours % 24}h`
}

export function left(until: string, now: number = Date.now()): string {
  return `${span(Date.parse(until) - now)} left`
}

function partsOf(
  moment: Date,
  zone: string | undefined,
): Partial<Record<Intl.DateTimeFormatPartTypes, string>> {
  const format = new Intl.DateTimeFormat('en-GB', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
    ...(zone !== undefined && { timeZone: zone }),
  })
  return Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, value]))
}
