import type { Objection, SessionRules } from '../../../target/action.ts'
import { canonicalDestination, type Destination } from './destination.ts'
import { REFUSE_RULES } from './refuse-rules.ts'

/** Whether a port forward may lead there: only where `scope.forward` says so. */
export function judgeForward(
  destination: Destination,
  { refuse, host }: Pick<SessionRules, 'refuse' | 'host'>,
): readonly Objection[] {
  const wanted = canonicalDestination(destination)
  if (wanted === undefined) {
    const { next } = REFUSE_RULES.unparsable
    return [{ rule: 'unparsable', what: 'a forward to something that is no address', next }]
  }
  if (!refuse.includes('forward') && host?.forward.some(listed => covers(listed, wanted)) === true) return []
  return [{ rule: 'forward', what: `a forward to ${wanted}`, next: REFUSE_RULES.forward.next }]
}

/** `listed`: `host:port` with `*` for either, or `unix:/path`, as policy check accepts it. */
function covers(listed: string, wanted: string): boolean {
  if (listed.startsWith('unix:') || wanted.startsWith('unix:')) return listed === wanted
  const [host, port] = parted(listed)
  const [toHost, toPort] = parted(wanted)
  if (port !== '*' && port !== toPort) return false
  if (host === '*') return true
  return canonicalDestination({ host, port: Number(toPort) }) === `${toHost}:${toPort}`
}

function parted(text: string): readonly [host: string, port: string] {
  const at = text.lastIndexOf(':')
  return [text.slice(0, at), text.slice(at + 1)]
}
