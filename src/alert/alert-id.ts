import { sha256 } from '../kernel/bytes.ts'

/**
 * `a_` + a UUIDv7 made from the event's own time bits and a digest of (event, channel): the same alert has the same id
 * after every restart, and nothing has to be stored for it.
 */
export function alertId(event: string, channel: string): string {
  const time = event.slice(2, 15)
  const digest = sha256('alert\n', event, '\n', channel)
  digest[0] = 0x70 | ((digest[0] ?? 0) & 0x0f)
  digest[2] = 0x80 | ((digest[2] ?? 0) & 0x3f)
  const hex = digest.toString('hex')
  return `a_${time}-${hex.slice(0, 4)}-${hex.slice(4, 8)}-${hex.slice(8, 20)}`
}
