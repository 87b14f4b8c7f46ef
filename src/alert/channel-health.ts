import type { Slice } from '../journal/slice.ts'

/** Whether a channel has delivered anything since an alert last died on it; key: channel id. */
export interface ChannelHealth {
  readonly channel: string
  readonly failing: boolean
  /** Wall ms of the last change. */
  readonly since: number
}

export const channelHealth: Slice<ChannelHealth> = {
  name: 'channel-health',
  keys: ({ type, data }) =>
    type === 'alert.delivered' || type === 'alert.dead' ? [data.channel as string] : [],
  evolve: (health, { type, data, t }) => {
    const failing = type === 'alert.dead'
    return health?.failing === failing ? health : { channel: data.channel as string, failing, since: t }
  },
  hot: health => health.failing,
}
