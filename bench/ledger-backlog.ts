/**
 * What a log holds in memory when it is written faster than its derived files can be, and how long it then takes to stop: in a
 * process of its own, so that its memory is the log's. A part of `npm run bench -- ledger`.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { action, benchLog } from './ledger-log.ts'

export interface Backlog {
  readonly entries: number
  /** MiB: before, and at most while it was written and stopped. */
  readonly restMiB: number
  readonly peakMiB: number
  readonly stopMs: number
  /** Entries of the head that the files show once it has stopped. */
  readonly shown: number
}

const WRITERS = 64
/** Entries of one call: fewer promises for each, so that the disk has more to do. */
const TOGETHER = 32

async function measureBacklog(seconds: number): Promise<Backlog> {
  const scratch = await benchLog()
  const log = await scratch.open(100)
  const rest = process.memoryUsage.rss()
  let peak = rest
  const sampling = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 50)
  try {
    const end = performance.now() + seconds * 1000
    let entries = 0
    const write = async (src: string): Promise<void> => {
      for (let n = 0; performance.now() < end; n += TOGETHER) {
        await log.append(Array.from({ length: TOGETHER }, (_, i) => action(src, n + i, false))).durable()
        entries += TOGETHER
      }
    }
    await Promise.all(Array.from({ length: WRITERS }, (_, i) => write(`s_${i}`)))
    const stopping = performance.now()
    await log.close()
    const stopMs = Math.round(performance.now() - stopping)
    const checkpoint = (await scratch.disk.read('checkpoint'))?.toString('utf8') ?? ''
    const [, shown = '0'] = checkpoint.split('\n')
    return { entries, restMiB: mebibytes(rest), peakMiB: mebibytes(peak), stopMs, shown: Number(shown) }
  } finally {
    clearInterval(sampling)
    await scratch.remove()
  }
}

/** Throws when the process does not answer. */
export function backlogInOwnProcess(seconds: number): Backlog {
  const words = [...process.execArgv, fileURLToPath(import.meta.url), String(seconds)]
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  if (stdout === '') throw new Error(`the log was not measured: ${stderr}`)
  return JSON.parse(stdout) as Backlog
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(JSON.stringify(await measureBacklog(Number(process.argv[2] ?? 15))))
