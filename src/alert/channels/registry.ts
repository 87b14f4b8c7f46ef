import { Fault } from '../../kernel/faults.ts'
import type { Channel, ChannelSettings } from '../channel.ts'
import { createWebhook } from './webhook/index.ts'

/** One line per kind of channel. */
const CHANNELS: Readonly<Record<string, (settings: ChannelSettings) => Channel>> = {
  webhook: createWebhook,
}

/** Fault `config.invalid` when the kind is unknown or its settings do not fit. */
export function createChannel(settings: ChannelSettings): Channel {
  const create = Object.hasOwn(CHANNELS, settings.channel) ? CHANNELS[settings.channel] : undefined
  if (!create)
    throw new Fault(
      'config.invalid',
      `There is no kind of alert channel ${JSON.stringify(settings.channel)}.`,
      {
        next: `Known: ${Object.keys(CHANNELS).join(', ')}.`,
      },
    )
  return create(settings)
}
