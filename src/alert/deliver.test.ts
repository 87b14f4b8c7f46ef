import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRealJournal, type RealJournal, temporaryFolder } from '../../test/support/real-journal.ts'
import type { NewEvent } from '../journal/slice.ts'
import type { AlertMessage } from './alert.ts'
import { createDirectAlerts } from './alert-directly.ts'
import { channel, naming, newGrant, requested, routesOf, told } from './alert-world.suite.ts'
import type { Channel } from './channel.ts'
import { DeliveryFailure } from './channel.ts'
import { channelHealth } from './channel-health.ts'
import { createChannel } from './channels/registry.ts'
import { confirmed } from './confirmed.ts'
import { passDeadChannel } from './dead-channel.suite.ts'
import { type Delivery, startDelivery } from './deliver.ts'
import { outbox } from './outbox.ts'
import { type Receiver, startReceiver } from './receiver.suite.ts'
import type { Routes } from './routes.ts'
import { until } from '../../test/support/wait.ts'

const SLICES = [outbox, channelHealth]
let folder: { path: string; remove(): Promise<void> }
let real: RealJournal
let delivery: Delivery | undefined
const receivers: Receiver[] = []

beforeEach(async () => {
  folder = await temporaryFolder('alerts')
  real = await openRealJournal(folder.path, SLICES)
})
afterEach(async () => {
  await delivery?.stop()
  delivery = undefined
  await Promise.all(receivers.splice(0).map(receiver => receiver.close()))
  await real.close()
  await folder.remove()
})

const log = (...events: readonly NewEvent[]) => real.journal.execute(() => ({ events, result: undefined }))
/** Due alerts of grants and channels; that the ledger of each test is new is told to `always` as well. */
const due = (): number =>
  [...real.journal.state.hot(outbox)]
    .flatMap(lane => lane.due)
    .filter(alert => alert.type !== 'ledger.created').length
const start = (routes: Routes, tries?: number): unknown[] => {
  const errors: unknown[] = []
  const { journal } = real
  delivery = startDelivery({
    journal,
    routes,
    naming: { ...naming, payload: index => journal.payload(index) },
    onError: error => errors.push(error),
    ...(tries !== undefined && { tries }),
  })
  return errors
}
async function webhook(): Promise<{ receiver: Receiver; channel: Channel }> {
  const receiver = await startReceiver()
  receivers.push(receiver)
  const secret = () => `whsec_${Buffer.alloc(32, 1).toString('base64')}`
  return {
    receiver,
    channel: createChannel({ channel: 'webhook', url: receiver.url, secret, allow: ['127.0.0.1'] }),
  }
}
const messages = (receiver: Receiver): AlertMessage[] =>
  receiver.heard
    .map(({ body }) => JSON.parse(body) as AlertMessage)
    .filter(message => message.type !== 'ledger.created')

describe('delivery', () => {
  it('requirement 22: any use reaches two independent channels, with who, where and why', async () => {
    const [one, two] = [await webhook(), await webhook()]
    start(routesOf({ security: [one.channel], pager: [two.channel] }))
    const grant = newGrant()
    await log(requested(grant))
    await log(told('grant.activated', grant, { duration_ms: 60_000 }))
    await until(() => due() === 0)
    for (const { receiver } of [one, two])
      expect(messages(receiver)).toMatchObject([
        {
          type: 'grant.requested',
          organisation: 'acme',
          grant,
          person: 'ana',
          target: 'orders-db',
          procedure: 'orders-db-emergency',
          reason: 'orders fail',
          link: `https://breakglass.acme.example/grants/${grant}`,
          text: 'ana asks for access to orders-db (orders-db-emergency).',
        },
        { type: 'grant.activated', facts: { duration_ms: 60_000 } },
      ])
    expect(confirmed(real.journal.state, grant)).toBe(true)
    expect(messages(one.receiver)[0]?.id).not.toBe(messages(two.receiver)[0]?.id)
  })

  it('delivers after a restart what was due before, and nothing that was delivered', async () => {
    const got: string[] = []
    const [grant, later] = [newGrant(), newGrant()]
    const good = channel('good', async message => void got.push(`${message.grant} ${message.type}`))
    const down = channel('down', () => Promise.reject(new DeliveryFailure('unreachable', 'ECONNREFUSED')))
    start(routesOf({ security: [good], pager: [down] }))
    await log(requested(grant), told('grant.activated', grant))
    await until(() => got.length === 2)
    await until(() => real.journal.state.get(outbox, grant)?.confirmed.length === 2)
    await delivery?.stop()
    await log(requested(later))
    await real.close()

    real = await openRealJournal(folder.path, SLICES)
    const late: string[] = []
    const up = channel('down', async message => void late.push(`${message.grant} ${message.type}`))
    start(routesOf({ security: [good], pager: [up] }))
    await until(() => due() === 0)
    expect(got).toEqual([`${grant} grant.requested`, `${grant} grant.activated`, `${later} grant.requested`])
    expect(late.filter(line => line.startsWith(grant))).toEqual([
      `${grant} grant.requested`,
      `${grant} grant.activated`,
    ])
  })

  it('gives up on a dead channel, says so on another, and goes on when it comes back', async () => {
    const { receiver, channel: soc } = await webhook()
    let up = false
    const got: AlertMessage[] = []
    const flaky = channel('flaky', message => {
      if (!up) return Promise.reject(new DeliveryFailure('unreachable', 'ECONNREFUSED'))
      got.push(message)
      return Promise.resolve()
    })
    start(routesOf({ security: [flaky], soc: [soc] }, ['soc']), 2)
    const [first, second] = [newGrant(), newGrant()]
    await log(requested(first, { to: ['security'] }))
    await until(() => messages(receiver).length > 0)
    expect(messages(receiver)).toMatchObject([
      {
        type: 'alert.dead',
        grant: first,
        person: 'ana',
        facts: { channel: 'flaky', tries: 2, why: 'ECONNREFUSED' },
      },
    ])
    expect(messages(receiver)[0]?.text).toContain('Nobody was told of grant.requested')
    up = true
    await log(requested(second, { to: ['security'] }))
    await until(() => due() === 0)
    expect(got.map(({ grant }) => grant)).toEqual([second])
    expect([...real.journal.state.hot(channelHealth)]).toEqual([])
  })

  it('one dead channel delays no other: two thousand alerts pass it by, and cost names of lanes only', () =>
    passDeadChannel(2_000, 64 << 20))

  it('an alert without any channel is dropped in the log and reported, not kept for ever', async () => {
    const errors = start(routesOf({}))
    await log(requested(newGrant()))
    await until(() => due() === 0)
    expect(String(errors)).toContain('no channel is configured for grant.requested')
  })

  it('a channel whose secret cannot be read is a failing channel like any other', async () => {
    const got: AlertMessage[] = []
    const good = channel(
      'good',
      async message => void (message.type === 'ledger.created' || got.push(message)),
    )
    const broken = channel('broken', () => Promise.reject(new TypeError('SOC_SECRET is not set')))
    start(routesOf({ security: [good], pager: [broken] }, ['security']), 1)
    await log(requested(newGrant()))
    await until(() => due() === 0)
    expect(got.map(({ type }) => type)).toEqual(['grant.requested', 'alert.dead'])
    expect(got[1]?.facts).toMatchObject({ why: 'SOC_SECRET is not set' })
  })
})

describe('alertDirectly', () => {
  it('requirement 20: reaches every channel past the log, marked, and once a minute', async () => {
    const [one, two] = [await webhook(), await webhook()]
    const direct = createDirectAlerts('acme', () => [one.channel, two.channel])
    const reached = await direct.alertDirectly('ledger.failed', 'Evidence cannot be written.', {
      log: 'control',
    })
    expect(reached).toEqual([one.channel.id, two.channel.id])
    expect(messages(one.receiver)).toMatchObject([
      {
        type: 'ledger.failed',
        unlogged: true,
        text: 'Evidence cannot be written.',
        facts: { log: 'control' },
      },
    ])
    const again = await direct.alertDirectly('ledger.failed', 'Evidence cannot be written.', {
      log: 'control',
    })
    expect(again).toEqual([])
    expect(two.receiver.heard).toHaveLength(1)
    // Another act that could not be logged is not a repetition: this message is its only trace.
    expect(
      await direct.alertDirectly('ledger.failed', 'Evidence cannot be written.', { log: 'node' }),
    ).toHaveLength(2)
    for (const { channel } of [one, two]) channel.close()
  })

  it('holds back what would storm a receiver, and says so', async () => {
    const texts: string[] = []
    const direct = createDirectAlerts('acme', () => [
      channel('soc', async ({ text }) => void texts.push(text)),
    ])
    for (let act = 0; act < 100; act += 1) await direct.alertDirectly('unlogged', 'A grant ended.', { act })
    expect(texts).toHaveLength(60)
    expect(texts.map(text => text.includes('held back')).indexOf(true)).toBe(59)
  })

  it('says who could not be reached, and tries again the next time', async () => {
    let tries = 0
    const deaf = channel('deaf', () => Promise.reject(new DeliveryFailure('refused', String((tries += 1)))))
    const direct = createDirectAlerts('acme', () => [deaf])
    expect(await direct.alertDirectly('ledger.failed', 'x')).toEqual([])
    expect(await direct.alertDirectly('ledger.failed', 'x')).toEqual([])
    expect(tries).toBe(6)
  })
})
