import { existsSync } from 'node:fs'
import { workerFile } from '../kernel/worker-file.ts'
import { ORIGIN, SEED, SEGMENT } from './scratch-log.suite.ts'

const built = (path: string): string => JSON.stringify(workerFile(import.meta.url, path).href)
/** Whether what the process loads is there: `npm test` builds first. */
export const isBuilt: boolean = existsSync(workerFile(import.meta.url, './open-log.ts'))

/** A process of its own that appends without end and prints every index once it is acknowledged. */
export const APPENDER = `
import { openLog } from ${built('./open-log.ts')}
import { openLocalSigner } from ${built('./signer/local-signer.ts')}
import { nodeDisk } from ${built('../store/file/node-disk.ts')}
import { writeSync } from 'node:fs'
const [folder, mode] = process.argv.slice(1)
const signer = await openLocalSigner({ origin: '${ORIGIN}', seed: Buffer.from('${SEED.toString('hex')}', 'hex'), disk: nodeDisk(folder + '/signer') })
const log = await openLog({
  name: 'control', origin: '${ORIGIN}', disk: nodeDisk(folder + '/log'), signer, segmentBytes: ${SEGMENT}, publishEveryMs: 5, signEveryMs: 2,
  clock: { now: () => ({ wall: Date.now(), mono: performance.now(), boot: 'b' }) }, entryZero: {},
})
const say = line => writeSync(1, line + '\\n')
log.onTrouble(trouble => say('trouble ' + trouble))
const work = async src => {
  for (let n = 0; ; n += 1) {
    const pending = log.append([{ type: 'action', src, data: { n } }])
    if (src === 's_0') { const [{ index, checkpoint }] = await pending.signed(); say('signed ' + index + ' ' + JSON.stringify(checkpoint)) }
    else { const [{ index, leafHash }] = await pending.durable(); say('durable ' + index + ' ' + leafHash.toString('hex')) }
  }
}
const ends = await Promise.allSettled(['s_0', 's_1', 's_2', 's_3'].map(work))
say('ends ' + ends.map(end => end.reason.code).join(' '))
try { log.append([{ type: 'x', src: 'c', data: {} }]) ; say('accepted') } catch (error) { say('refused ' + error.code) }
await log.close()
`

/** Everything the process acknowledged: by index the leaf hash, or the checkpoint it was given. */
export function acknowledged(output: string): { readonly index: number; readonly hash?: string }[] {
  return output
    .split('\n')
    .slice(0, -1)
    .flatMap(line => {
      const [word, index, hash] = line.split(' ')
      if (word === 'signed') return [{ index: Number(index) }]
      return word === 'durable' ? [{ index: Number(index), hash: hash ?? '' }] : []
    })
}
