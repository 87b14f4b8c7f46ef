import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Journal } from '../../journal/journal.ts'
import { sha256Hex } from '../../kernel/bytes.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Fault } from '../../kernel/faults.ts'
import { judgeTimestamp, timestampRequest } from '../../ledger/anchor/timestamp.ts'
import type { Disk } from '../../ledger/disk.ts'
import type { Head, Log } from '../../ledger/log.ts'
import { httpPost, type Post } from '../../ledger/witness/http-post.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import type { Config } from '../config/config.ts'
import type { LogLine } from '../log-line.ts'

/** The folder of time stamps in the data directory: `<log>/<size>-<authority>.tsr` beside the `.checkpoint` it stamps. */
export const ANCHORS = 'anchors'
const ANSWER_MS = 20_000
const QUERY = 'application/timestamp-query'
const REPLY = /^application\/timestamp-reply\b/

export interface StartAnchoringOptions {
  readonly config: Pick<Config, 'data' | 'ledger'>
  readonly version: string
  readonly logs: readonly Log[]
  readonly journal: Journal
  readonly clock: Clock
  readonly log: LogLine
  /** The head that is worth most: cosigned, where witnesses are asked. */
  readonly newest: (log: string) => Head | undefined
  readonly onError: (error: unknown, where: string) => void
}

export interface AnchoredLogs {
  /** Milliseconds since the newest time stamp of this process; undefined before the first. */
  ageMs(log: string): number | undefined
  /** By authority, since the start. */
  failures(): readonly (readonly [authority: string, count: number])[]
  stop(): Promise<void>
}

interface Authority {
  readonly url: string
  readonly certificates: readonly X509Certificate[]
  failures: number
}

/**
 * Has heads of the logs stamped by the configured authorities (RFC 3161), now and then, off everybody's path. An answer that
 * does not verify costs a line, a count and another try next time. Undefined where none is configured; Fault `config.invalid`.
 */
export async function startAnchoring(options: StartAnchoringOptions): Promise<AnchoredLogs | undefined> {
  const { config, version, logs, clock, newest, onError } = options
  const { anchors } = config.ledger
  if (anchors === undefined) return undefined
  const authorities = anchors.authorities.map(({ url, ca }) => ({
    url,
    certificates: certificatesIn(ca),
    failures: 0,
  }))
  const stop = new AbortController()
  const post = httpPost(ANSWER_MS, `breakglass/${version}`, stop.signal)
  const stamped = new Map<string, number>()
  /** `log authority` → the size stamped last: a log that stands still is not stamped again. */
  const sizes = new Map<string, number>()

  const stampAll = async (): Promise<void> => {
    for (const log of logs)
      for (const authority of authorities) {
        const head = newest(log.name) ?? log.head()
        const key = `${log.name} ${authority.url}`
        if (head.size === 0 || sizes.get(key) === head.size || stop.signal.aborted) continue
        try {
          const disk = nodeDisk(join(config.data, ANCHORS, log.name))
          const time = await stampHead(options, post, disk, log, head, authority)
          if (time === undefined) continue
          sizes.set(key, head.size)
          stamped.set(log.name, time)
        } catch (error) {
          onError(error, `time stamp of ${log.name}`)
        }
      }
  }
  let running = stampAll()
  const timer = setInterval(() => {
    running = running.then(stampAll)
  }, anchors.everyMs).unref()
  return {
    ageMs: log => {
      const at = stamped.get(log)
      return at === undefined ? undefined : Math.max(0, clock.now().wall - at)
    },
    failures: () => authorities.map(({ url, failures }) => [url, failures] as const),
    async stop() {
      clearInterval(timer)
      stop.abort()
      await running
    },
  }
}

/** Wall ms of the time stamp; undefined when there is none. Both files are durable before the event that names them. */
async function stampHead(
  { journal, clock, log: line }: StartAnchoringOptions,
  post: Post,
  disk: Disk,
  log: Log,
  { size, root, checkpoint }: Head,
  authority: Authority,
): Promise<number | undefined> {
  const { url, certificates } = authority
  const request = timestampRequest(Buffer.from(checkpoint))
  const failed = (why: string): undefined => {
    authority.failures += 1
    line('warn', 'no time stamp', { log: log.name, authority: url, why })
    return undefined
  }
  let answer
  try {
    answer = await post(url, request.der, QUERY)
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error))
  }
  if (answer.status !== 200 || !REPLY.test(answer.type))
    return failed(`it answers ${answer.status} ${JSON.stringify(answer.type.slice(0, 80))}, not a time stamp`)
  const judged = judgeTimestamp(answer.body, request, { authorities: certificates, now: clock.now().wall })
  if (!judged.ok) return failed(judged.why)
  const { time, serial, signer } = judged.timestamp
  const stamp = `${size}-${sha256Hex(url).slice(0, 8)}`
  await disk.replace(`${stamp}.checkpoint`, Buffer.from(checkpoint))
  await disk.replace(`${stamp}.tsr`, answer.body)
  const data = {
    log: log.name,
    size,
    root: root.toString('hex'),
    checkpoint: sha256Hex(checkpoint),
    authority: url,
    signer,
    serial,
    time,
    response: sha256Hex(answer.body),
  }
  await journal.execute(() => ({
    events: [{ type: 'ledger.anchored_by_timestamp', data }],
    result: undefined,
  }))
  return time
}

function certificatesIn(file: string): readonly X509Certificate[] {
  try {
    const pem =
      readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    if (pem.length === 0) throw new Error('it holds no certificate')
    return pem.map(one => new X509Certificate(one))
  } catch (cause) {
    throw new Fault(
      'config.invalid',
      `ledger.anchors: ${file} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { next: 'Name a file of certificates in PEM, those the authority publishes.', cause },
    )
  }
}
