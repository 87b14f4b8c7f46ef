import type { NewEvent, View } from '../journal/slice.ts'
import type { DueAlert } from './alert.ts'
import { alertId } from './alert-id.ts'
import { channelHealth } from './channel-health.ts'
import { outbox } from './outbox.ts'
import { channelsFor, type Routes } from './routes.ts'

/** How a try, or the last of several, ended. */
export interface Attempt {
  readonly lane: string
  readonly event: string
  readonly channel: string
  readonly tries: number
}

/** The receiver confirmed. Nothing when that is known already. Pure. */
export function delivered(state: View, routes: Routes, attempt: Attempt, ms: number): readonly NewEvent[] {
  const alert = unsettled(state, attempt)
  if (!alert) return []
  const complete = left(alert, routes, attempt.channel).length === 0
  return [{ type: 'alert.delivered', data: { ...facts(alert, attempt), ms, complete } }]
}

/**
 * No more tries on this channel. Announced on others when it is the first since the channel last delivered, or when nobody at
 * all has got the alert. Each announcement avoids all channels that failed before it, so announcements end. Pure.
 */
export function dead(state: View, routes: Routes, attempt: Attempt, why: string): readonly NewEvent[] {
  const alert = unsettled(state, attempt)
  if (!alert) return []
  const complete = left(alert, routes, attempt.channel).length === 0
  const unheard = complete && !Object.values(alert.settled).includes('delivered')
  const announce = unheard || state.get(channelHealth, attempt.channel)?.failing !== true
  const without = [...new Set([...alert.without, ...deadOn(alert), attempt.channel])]
  return [
    {
      type: 'alert.dead',
      ...(alert.subject !== undefined && { subject: alert.subject }),
      outcome: unheard ? 'unheard' : 'heard',
      data: {
        ...facts(alert, attempt),
        complete,
        why,
        announce,
        to: alert.to,
        without,
        // Nobody has it and its lane goes: the announcement carries what it said.
        ...(unheard && { original: alert.type === 'alert.dead' ? (alert.data.original ?? {}) : alert.data }),
      },
    },
  ]
}

/** The alert needs no channel any more: the configuration has none for it. Pure. */
export function dropped(state: View, routes: Routes, lane: string, event: string): readonly NewEvent[] {
  const alert = state.get(outbox, lane)?.due.find(due => due.event === event)
  if (!alert || left(alert, routes, undefined).length > 0) return []
  return [
    { type: 'alert.dropped', data: { lane, event, about: alert.type, why: 'no_channel', complete: true } },
  ]
}

/** Channels that still owe this alert. Pure. */
export function left(alert: DueAlert, routes: Routes, but: string | undefined): readonly string[] {
  return channelsFor(alert, routes)
    .map(({ id }) => id)
    .filter(id => id !== but && !Object.hasOwn(alert.settled, id))
}

function unsettled(state: View, { lane, event, channel }: Attempt): DueAlert | undefined {
  const alert = state.get(outbox, lane)?.due.find(due => due.event === event)
  return alert && !Object.hasOwn(alert.settled, channel) ? alert : undefined
}

function deadOn({ settled }: DueAlert): readonly string[] {
  return Object.keys(settled).filter(channel => settled[channel] === 'dead')
}

function facts(alert: DueAlert, { lane, event, channel, tries }: Attempt) {
  return { alert: alertId(event, channel), lane, event, about: alert.type, channel, tries }
}
