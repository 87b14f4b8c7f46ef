// A process that logs grants and delivers their alerts until it is killed. Arguments: folder, number of grants to log, hooks.
// Prints `logged <grant>` when a grant's two events are signed, and `rest` when nothing is due and nothing will be logged.
import { randomUUID } from 'node:crypto'
import { createChannel } from '../../dist/alert/channels/registry.js'
import { channelHealth } from '../../dist/alert/channel-health.js'
import { startDelivery } from '../../dist/alert/deliver.js'
import { outbox } from '../../dist/alert/outbox.js'
import { openJournal } from '../../dist/journal/open-journal.js'
import { openLocalSigner } from '../../dist/ledger/signer/local-signer.js'
import { openLog } from '../../dist/ledger/open-log.js'
import { createKeyRing } from '../../dist/store/file/key-ring.js'
import { nodeDisk } from '../../dist/store/file/node-disk.js'
import { openVault } from '../../dist/store/file/vault.js'

const [folder, count, ...hooks] = process.argv.slice(2)
const origin = 'test.example/control'
const clock = { now: () => ({ wall: Date.now(), mono: performance.now(), boot: String(process.pid) }) }
const keys = createKeyRing(await openVault({ folder: `${folder}/vault`, key: Buffer.alloc(32, 3) }))
const log = await openLog({
  name: 'control',
  origin,
  clock,
  disk: nodeDisk(`${folder}/log`),
  signer: await openLocalSigner({ origin, seed: Buffer.alloc(32, 7), disk: nodeDisk(`${folder}/signer`) }),
  segmentBytes: 256 * 1024,
  entryZero: { origin },
})
const journal = await openJournal({ log, keys, clock, slices: [outbox, channelHealth] })
const channels = hooks.map(url =>
  createChannel({
    channel: 'webhook',
    url,
    secret: () => `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
    allow: ['127.0.0.1'],
  }),
)
startDelivery({
  journal,
  routes: { destinations: new Map([['security', channels]]), always: ['security'] },
  naming: {
    organisation: 'acme',
    handleOf: () => 'ana',
    payload: index => journal.payload(index),
    linkTo: path => path,
  },
  onError: error => console.error(error),
  tries: 1_000,
})

const terms = { procedure: 'p', alert: { to: ['security'], on: ['requested', 'activated'] } }
for (let number = 0; number < Number(count); number += 1) {
  const grant = `g_${randomUUID()}`
  for (const type of ['grant.requested', 'grant.activated']) {
    const data = { grant, target: 'orders-db', ...(type === 'grant.requested' && { terms }) }
    const event = {
      type,
      subject: 'p_ana',
      target: 'orders-db',
      data,
      payload: { reason: 'orders fail' },
      seal: 'p_ana',
    }
    await journal.execute(() => ({ events: [event], result: undefined }))
  }
  console.log(`logged ${grant}`)
}
const idle = setInterval(() => {
  if (journal.state.hot(outbox).next().done !== true) return
  clearInterval(idle)
  console.log('rest')
}, 20)
