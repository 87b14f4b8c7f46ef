import { sha256Hex } from '../../../kernel/bytes.ts'
import { Fault } from '../../../kernel/faults.ts'
import type { Channel, ChannelSettings } from '../../channel.ts'
import { addressGuard } from './address-guard.ts'
import { createPoster } from './post.ts'
import { sign } from './sign.ts'

/** An HTTP receiver by Standard Webhooks; the message's id is the `webhook-id` of every try. */
export function createWebhook({ url, secret, allow }: ChannelSettings): Channel {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new Fault('config.invalid', 'An alert webhook needs an http or https URL.', {
      next: 'Correct its url.',
    })
  const poster = createPoster(new URL(url), addressGuard(allow))
  return {
    id: `webhook/${sha256Hex(url).slice(0, 12)}`,
    kind: 'webhook',
    async send(message) {
      const body = JSON.stringify(message)
      const timestamp = Math.floor(Date.now() / 1000)
      await poster.post(
        {
          'content-type': 'application/json',
          'user-agent': 'breakglass',
          'webhook-id': message.id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': sign(secret(), message.id, timestamp, body),
        },
        body,
      )
    },
    close: () => poster.close(),
  }
}
