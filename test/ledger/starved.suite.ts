import { workerFile } from '../../src/kernel/worker-file.ts'
import { ORIGIN, SEED, SEGMENT } from '../../src/ledger/scratch-log.suite.ts'

const built = (path: string): string => JSON.stringify(workerFile(import.meta.url, path).href)

/**
 * A process of its own that opens files until it has no descriptor left, and appends all the while: until it is refused, then once
 * from the reserve, then again when the descriptors are back. Prints what it is told, a line each.
 */
export const STARVED = `
import { closeSync, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLog } from ${built('../../src/ledger/open-log.ts')}
import { openLocalSigner } from ${built('../../src/ledger/signer/local-signer.ts')}
import { nodeDisk } from ${built('../../src/store/file/node-disk.ts')}
const [folder] = process.argv.slice(1)
const signer = await openLocalSigner({ origin: '${ORIGIN}', seed: Buffer.from('${SEED.toString('hex')}', 'hex'), disk: nodeDisk(folder + '/signer') })
const log = await openLog({
  name: 'control', origin: '${ORIGIN}', disk: nodeDisk(folder + '/log'), signer, segmentBytes: ${SEGMENT}, publishEveryMs: 5,
  clock: { now: () => ({ wall: Date.now(), mono: performance.now(), boot: 'b' }) }, entryZero: {},
})
const say = line => writeSync(1, line + '\\n')
log.onTrouble(trouble => say('trouble ' + trouble))
const append = async (type, src, options) => {
  const [{ index, leafHash }] = await log.append([{ type, src, data: { text: 'x'.repeat(1000) } }], options).signed()
  say('durable ' + index + ' ' + leafHash.toString('hex'))
}
for (let n = 0; n < 20; n += 1) await append('action', 's_1')
const held = []
try { for (;;) held.push(openSync('/dev/null')) } catch (error) { say('starved ' + error.code) }
try { for (let n = 0; n < 1000; n += 1) await append('action', 's_1') } catch (error) { say('refused ' + JSON.stringify(error)) }
await append('session.closed', 's_1', { reserve: true })
await sleep(1200)
say('still ' + log.trouble)
for (const fd of held) closeSync(fd)
while (log.trouble !== undefined) await sleep(50)
for (let n = 0; n < 200; n += 1) await append('action', 's_2')
await log.close()
say('closed')
`
