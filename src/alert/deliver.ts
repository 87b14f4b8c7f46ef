import type { Journal } from '../journal/journal.ts'
import type { JournalEvent } from '../journal/slice.ts'
import type { AlertMessage, DueAlert } from './alert.ts'
import { type Channel, DeliveryFailure } from './channel.ts'
import { channelHealth } from './channel-health.ts'
import { ChannelQueue, type Step } from './channel-queue.ts'
import { compose, type Naming } from './compose.ts'
import { outbox } from './outbox.ts'
import { everyChannel, type Routes } from './routes.ts'
import { dead, delivered, dropped, left } from './settle.ts'

export interface DeliveryOptions {
  readonly journal: Journal
  readonly routes: Routes
  readonly naming: Naming
  /** Told when an outcome could not be logged, and when an alert has no channel to take. */
  readonly onError: (error: unknown) => void
  /** Tries per alert and channel before it is dead; 8 take a little over a minute. */
  readonly tries?: number
}

export interface Delivery {
  /** Alerts may be on their way; they end first. What is due stays due. */
  stop(): Promise<void>
}

const TRIES = 8
const AT_ONCE = 16

/**
 * Delivers what the log says is due: at least once, in order per grant and channel, each channel at its own pace
 * (requirement 22). A restart, at any moment, continues where the log stands.
 */
export function startDelivery(options: DeliveryOptions): Delivery {
  const { journal, routes } = options
  const queues = new Map<string, ChannelQueue>()

  const look = (key: string): void => {
    const lane = journal.state.get(outbox, key)
    if (!lane || lane.due.length === 0) return
    const needed = new Set<string>()
    for (const alert of lane.due) {
      const owing = left(alert, routes, undefined)
      for (const channel of owing) needed.add(channel)
      if (owing.length === 0) void drop(key, alert)
    }
    for (const channel of needed) queues.get(channel)?.add(key)
  }

  const drop = async (lane: string, alert: DueAlert): Promise<void> => {
    try {
      const { events } = await journal.execute(state => ({
        events: dropped(state, routes, lane, alert.event),
        result: undefined,
      }))
      if (events.length === 0) return
      options.onError(new Error(`no channel is configured for ${alert.type} (${alert.event})`))
    } catch (error) {
      options.onError(error)
    }
  }

  for (const channel of everyChannel(routes)) {
    const failing = journal.state.get(channelHealth, channel.id)?.failing ?? false
    queues.set(channel.id, queueOf(channel, failing, options))
  }
  const unsubscribe = journal.subscribe((event: JournalEvent) => {
    for (const key of outbox.keys(event)) look(key)
  })
  for (const lane of journal.state.hot(outbox)) look(lane.key)

  return {
    async stop() {
      unsubscribe()
      await Promise.all([...queues.values()].map(queue => queue.stop()))
      for (const channel of everyChannel(routes)) channel.close()
    },
  }
}

function queueOf(channel: Channel, failing: boolean, options: DeliveryOptions): ChannelQueue {
  const { journal, routes, naming } = options
  /** Confirmed by the receiver but not yet by the log: what is sent is not sent again because the log is slow. */
  const sent = new Map<string, number>()

  const next = (key: string): DueAlert | undefined =>
    journal.state.get(outbox, key)?.due.find(alert => left(alert, routes, undefined).includes(channel.id))

  return new ChannelQueue({
    tries: options.tries ?? TRIES,
    atOnce: AT_ONCE,
    random: Math.random,
    failing,
    onError: options.onError,
    async step(lane, tries): Promise<Step> {
      const alert = next(lane)
      if (!alert) return { kind: 'idle' }
      let ms = sent.get(alert.event)
      if (ms === undefined) {
        const message = await compose(journal.state, naming, lane, alert, channel.id)
        const began = performance.now()
        await send(channel, message)
        ms = Math.round(performance.now() - began)
        sent.set(alert.event, ms)
      }
      const attempt = { lane, event: alert.event, channel: channel.id, tries }
      await journal.execute(state => ({ events: delivered(state, routes, attempt, ms), result: undefined }))
      sent.delete(alert.event)
      return { kind: 'settled' }
    },
    async giveUp(lane, tries, why) {
      const alert = next(lane)
      if (!alert) return
      const attempt = { lane, event: alert.event, channel: channel.id, tries }
      await journal.execute(state => ({ events: dead(state, routes, attempt, why), result: undefined }))
    },
  })
}

/** Whatever a channel throws is a failure of that channel, a secret that cannot be read included. */
async function send(channel: Channel, message: AlertMessage): Promise<void> {
  try {
    await channel.send(message)
  } catch (error) {
    if (error instanceof DeliveryFailure) throw error
    throw new DeliveryFailure('refused', error instanceof Error ? error.message : String(error))
  }
}
