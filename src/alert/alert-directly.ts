import { v7 } from 'uuid'
import { canonicalJson } from '../kernel/canonical-json.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { AlertMessage } from './alert.ts'
import type { Channel } from './channel.ts'

export interface DirectAlerts {
  /**
   * Past the log, to every channel, marked `unlogged`: for the moment when evidence itself fails (DESIGN §1.1). The same words are
   * told once a minute at most, and at most 60 different ones; the last of these says that more are held back.
   * Resolves with the channels that confirmed; never rejects.
   */
  alertDirectly(type: string, text: string, facts?: JsonObject): Promise<readonly string[]>
}

const MINUTE_MS = 60_000
const MOST_A_MINUTE = 60
const TRIES = 3
const BETWEEN_MS = 1_000

export function createDirectAlerts(organisation: string, channels: () => readonly Channel[]): DirectAlerts {
  /** What was told within the last minute → when. */
  const told = new Map<string, number>()
  return {
    async alertDirectly(type, text, facts = {}) {
      const now = performance.now()
      for (const [words, at] of told) if (now - at >= MINUTE_MS) told.delete(words)
      const words = canonicalJson({ type, text, facts })
      if (told.has(words) || told.size >= MOST_A_MINUTE) return []
      told.set(words, now)
      const last = told.size === MOST_A_MINUTE
      const message: AlertMessage = {
        id: `a_${v7()}`,
        type,
        organisation,
        at: new Date().toISOString(),
        text: last ? `${text} More of these are held back for up to a minute.` : text,
        facts,
        unlogged: true,
      }
      const confirmed = await Promise.all(channels().map(channel => tell(channel, message)))
      const reached = confirmed.filter(id => id !== undefined)
      // Nobody heard it: the next time is not a repetition.
      if (reached.length === 0) told.delete(words)
      return reached
    },
  }
}

async function tell(channel: Channel, message: AlertMessage): Promise<string | undefined> {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    try {
      await channel.send(message)
      return channel.id
    } catch {
      if (attempt < TRIES) await new Promise(resolve => setTimeout(resolve, BETWEEN_MS))
    }
  }
  return undefined
}
