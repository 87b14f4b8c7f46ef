import type { Channel } from '../alert/channel.ts'
import { createChannel } from '../alert/channels/registry.ts'
import type { Routes } from '../alert/routes.ts'
import type { ConfiguredSource } from '../incident/ports.ts'
import type { Config } from './config/config.ts'

/** The destinations of alerts with one channel object per address, so that two destinations share its queue. */
export function routesOf({ alerts }: Config): Routes {
  const made = new Map<string, Channel>()
  const destinations = new Map<string, readonly Channel[]>()
  for (const [name, channels] of alerts.destinations) {
    destinations.set(
      name,
      channels.map(({ channel, url, secret }) => {
        const fresh = createChannel({ channel, url, secret: () => secret.read(), allow: alerts.allow })
        const known = made.get(fresh.id)
        if (known) fresh.close()
        else made.set(fresh.id, fresh)
        return known ?? fresh
      }),
    )
  }
  return { destinations, always: alerts.always }
}

export function sourcesOf({ incidents }: Config): readonly ConfiguredSource[] {
  return incidents.map(({ name, source, secrets, people, severity }) => ({
    name,
    kind: source,
    secrets: () => secrets.map(secret => secret.read()),
    people,
    mapping: { severity },
  }))
}

/** Where our own pages come from. A local origin has two names. */
export function originsOf(origin: string): readonly [string, ...string[]] {
  const url = new URL(origin)
  if (url.hostname !== 'localhost') return [origin]
  return [origin, origin.replace('localhost', '127.0.0.1')]
}

/** The name native clients connect to: the public one unless the gateway listens on one address only. */
export function clientHost(listening: string, origin: string): string {
  const everywhere = listening === '0.0.0.0' || listening === '::'
  return everywhere ? new URL(origin).hostname : listening
}
