import { expect } from 'vitest'
import { openRealJournal, temporaryFolder } from '../../test/support/real-journal.ts'
import { channel, naming, newGrant, requested, routesOf } from './alert-world.suite.ts'
import { DeliveryFailure } from './channel.ts'
import { channelHealth } from './channel-health.ts'
import { startDelivery } from './deliver.ts'
import { outbox } from './outbox.ts'

/** `count` alerts for two channels of which one is dead: the other one gets all of them, within `mostHeap` more bytes. */
export async function passDeadChannel(count: number, mostHeap: number): Promise<void> {
  const folder = await temporaryFolder('dead-channel')
  const real = await openRealJournal(folder.path, [outbox, channelHealth])
  const { journal } = real
  const due = (): number =>
    [...journal.state.hot(outbox)].flatMap(lane => lane.due).filter(({ type }) => type !== 'ledger.created')
      .length
  try {
    let got = 0
    let all = (): void => undefined
    const arrived = new Promise<void>(resolve => (all = resolve))
    const good = channel('good', async () => {
      got += 1
      if (got === count) all()
    })
    const dead = channel(
      'dead',
      () => new Promise((_, reject) => setTimeout(() => reject(new DeliveryFailure('unreachable', 'x')), 50)),
    )
    for (let from = 0; from < count; from += 100) {
      const events = Array.from({ length: 100 }, () => {
        const { type, subject, target, data } = requested(newGrant())
        return {
          type,
          data,
          ...(subject !== undefined && { subject }),
          ...(target !== undefined && { target }),
        }
      })
      await journal.execute(() => ({ events, result: undefined }))
    }
    expect(due()).toBe(count)
    const before = process.memoryUsage().heapUsed
    const delivery = startDelivery({
      journal,
      routes: routesOf({ security: [good], pager: [dead] }),
      naming: { ...naming, payload: index => journal.payload(index) },
      onError: () => undefined,
    })
    try {
      await arrived
      expect(due()).toBe(count)
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(mostHeap)
    } finally {
      await delivery.stop()
    }
  } finally {
    await real.close()
    await folder.remove()
  }
}
