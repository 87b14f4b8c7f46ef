import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AlertMessage } from './alert.ts'
import { type Channel, DeliveryFailure } from './channel.ts'

/** What a kind of channel must bring to be judged: its real receiver. */
export interface ChannelSample {
  readonly kind: string
  start(): Promise<ChannelPeer>
}

export interface ChannelPeer {
  readonly channel: Channel
  /** A second channel to the same address, as after a restart. */
  again(): Channel
  /** What the receiver got, as the messages it holds. */
  received(): readonly AlertMessage[]
  /** The receiver behaves so from now on. */
  be(how: 'well' | 'unwilling' | 'busy' | 'endless'): void
  /** The receiver is gone. */
  vanish(): Promise<void>
  stop(): Promise<void>
}

export const MESSAGE: AlertMessage = {
  id: 'a_01980000-0000-7000-8000-000000000001',
  type: 'grant.activated',
  organisation: 'acme',
  at: '2026-11-19T01:14:06.000Z',
  text: 'ana has access to orders-db (orders-db-emergency).',
  grant: 'g_01980000-0000-7000-8000-000000000002',
  person: 'ana',
  target: 'orders-db',
  procedure: 'orders-db-emergency',
  reason: 'Zeilen\numbruch, „Anführung“ und \u0007',
  facts: { duration_ms: 1_800_000 },
}

/** Every kind of channel passes this. */
export function channelContract(sample: ChannelSample): void {
  describe(`channel contract: ${sample.kind}`, () => {
    let peer: ChannelPeer
    beforeEach(async () => {
      peer = await sample.start()
    })
    afterEach(async () => {
      peer.channel.close()
      await peer.stop()
    })
    const failure = (): Promise<unknown> =>
      peer.channel.send(MESSAGE).then(
        () => 'sent',
        (error: unknown) => error,
      )

    it('resolves when the receiver has it, whole', async () => {
      await peer.channel.send(MESSAGE)
      expect(peer.received()).toEqual([MESSAGE])
    })

    it('sends the same id on every try', async () => {
      peer.be('busy')
      expect(await failure()).toBeInstanceOf(DeliveryFailure)
      peer.be('well')
      await peer.channel.send(MESSAGE)
      expect(new Set(peer.received().map(({ id }) => id))).toEqual(new Set([MESSAGE.id]))
    })

    it('has the same id after a restart', () => {
      const again = peer.again()
      expect(again.id).toBe(peer.channel.id)
      again.close()
    })

    it('tells what a receiver does not want from what does not get through', async () => {
      peer.be('unwilling')
      expect(await failure()).toMatchObject({ kind: 'refused' })
      peer.be('busy')
      expect(await failure()).toMatchObject({ kind: 'unreachable' })
      await peer.vanish()
      expect(await failure()).toMatchObject({ kind: 'unreachable' })
    })

    it('is not held up by a receiver whose answer never ends', async () => {
      peer.be('endless')
      await peer.channel.send(MESSAGE)
    })
  })
}
