import { v7 } from 'uuid'
import type { JsonObject } from '../kernel/json.ts'
import type { AlertMessage } from './alert.ts'
import type { Channel } from './channel.ts'

export interface DirectAlerts {
  /**
   * Past the log, to every channel, marked `unlogged`: for the moment when evidence itself fails (DESIGN §1.1). The same type is
   * told once a minute at most. Resolves with the channels that confirmed; never rejects.
   */
  alertDirectly(type: string, text: string, facts?: JsonObject): Promise<readonly string[]>
}

const AGAIN_AFTER_MS = 60_000
const TRIES = 3
const BETWEEN_MS = 1_000

export function createDirectAlerts(organisation: string, channels: () => readonly Channel[]): DirectAlerts {
  const told = new Map<string, number>()
  return {
    async alertDirectly(type, text, facts = {}) {
      const now = performance.now()
      const last = told.get(type)
      if (last !== undefined && now - last < AGAIN_AFTER_MS) return []
      told.set(type, now)
      const message: AlertMessage = {
        id: `a_${v7()}`,
        type,
        organisation,
        at: new Date().toISOString(),
        text,
        facts,
        unlogged: true,
      }
      const confirmed = await Promise.all(channels().map(channel => tell(channel, message)))
      const reached = confirmed.filter(id => id !== undefined)
      // Nobody heard it: the next time is not a repetition.
      if (reached.length === 0) told.delete(type)
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
