import type { DueAlert } from './alert.ts'
import type { Channel } from './channel.ts'

/** Destinations as configured now. */
export interface Routes {
  readonly destinations: ReadonlyMap<string, readonly Channel[]>
  /** Destinations that hear of security events. */
  readonly always: readonly string[]
}

/**
 * The channels an alert needs, each once, however many destinations share it. An alert whose destinations are all gone from the
 * configuration goes to `always`: better told to somebody than to nobody. Pure.
 */
export function channelsFor(
  alert: Pick<DueAlert, 'to' | 'always' | 'without'>,
  routes: Routes,
): readonly Channel[] {
  const named = collect(alert.always ? [...alert.to, ...routes.always] : alert.to, routes)
  const all = named.size > 0 ? named : collect(routes.always, routes)
  for (const channel of alert.without) all.delete(channel)
  return [...all.values()]
}

/** Every configured channel, each once. */
export function everyChannel(routes: Routes): readonly Channel[] {
  return [...collect([...routes.destinations.keys()], routes).values()]
}

function collect(destinations: readonly string[], routes: Routes): Map<string, Channel> {
  const found = new Map<string, Channel>()
  for (const name of destinations)
    for (const channel of routes.destinations.get(name) ?? []) found.set(channel.id, channel)
  return found
}
