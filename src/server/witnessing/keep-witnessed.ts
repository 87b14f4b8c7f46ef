import type { Journal } from '../../journal/journal.ts'
import type { Clock, Instant } from '../../kernel/clock.ts'
import type { Disk } from '../../ledger/disk.ts'
import type { Log } from '../../ledger/log.ts'
import type { Policy, PolicyWitness } from '../../ledger/trust/policy.ts'
import type { Post } from '../../ledger/witness/http-post.ts'
import type { Cosigned } from '../../ledger/witness/request-cosignature.ts'
import { type WitnessedHead, Witnessing, type WitnessState } from '../../ledger/witness/witnessing.ts'
import type { LogLine } from '../log-line.ts'
import { contradictionKey, witnessRecords } from './witness-slice.ts'
import { readWitnessed, WITNESSED_FILE } from './witnessed-file.ts'

export interface KeepWitnessedOptions {
  readonly logs: readonly Log[]
  readonly policy: Policy
  readonly everyMs: number
  /** Milliseconds without a witnessed head until it is an alert. */
  readonly alertAfterMs: number
  readonly post: Post
  readonly clock: Clock
  readonly journal: Journal
  /** The folder of one log's witnessed checkpoint. */
  readonly disk: (log: string) => Disk
  readonly log: LogLine
  /** Past the log, to every channel: a log that is contradicted is no place to say it only. */
  readonly shout: (type: string, text: string, facts: Record<string, string | number>) => void
  readonly onError: (error: unknown, where: string) => void
}

export interface WitnessedLogs {
  /** Whose cosignatures are asked for. */
  readonly policy: Policy
  /** The newest head that satisfies the policy. */
  witnessed(log: string): WitnessedHead | undefined
  /** Milliseconds since the witnesses were asked for that head; since the start when there is none. */
  ageMs(log: string): number
  witnesses(log: string): readonly WitnessState[]
  stop(): Promise<void>
}

/**
 * Has the heads of the logs cosigned, keeps what was witnessed over restarts, and says when it gets old, when it is well
 * again and when a witness contradicts. Never on anybody's path: nothing waits for a witness. Fault `ledger.damaged` at the
 * start when a log is not what was witnessed before.
 */
export async function keepWitnessed(options: KeepWitnessedOptions): Promise<WitnessedLogs> {
  const { logs, clock, everyMs } = options
  const started = clock.now()
  const watched = new Map<string, Witnessing>()
  for (const log of logs) watched.set(log.name, await watch(options, log))
  const find = (log: string): Witnessing | undefined => watched.get(log)
  const ageMs = (log: string): number => age(find(log)?.witnessed?.asked ?? started, clock.now())

  const check = (): void => {
    for (const log of logs)
      tellLapses(options, log.name, ageMs(log.name), find(log.name)?.witnessed?.size ?? 0).catch(
        (error: unknown) => options.onError(error, `witnesses of ${log.name}`),
      )
  }
  for (const witnessing of watched.values()) witnessing.start()
  const timer = setInterval(check, Math.min(everyMs, 5_000)).unref()
  return {
    policy: options.policy,
    witnessed: log => find(log)?.witnessed,
    ageMs,
    witnesses: log => find(log)?.witnesses() ?? [],
    async stop() {
      clearInterval(timer)
      for (const witnessing of watched.values()) await witnessing.stop()
    },
  }
}

async function watch(options: KeepWitnessedOptions, log: Log): Promise<Witnessing> {
  const { policy, everyMs, post, clock, onError } = options
  const disk = options.disk(log.name)
  const before = await readWitnessed(disk, log, policy, clock)
  // One write after the other, the newest last: two at once could leave the older behind.
  let writing = Promise.resolve()
  let newest: WitnessedHead | undefined
  return new Witnessing({
    log,
    policy,
    everyMs,
    post,
    clock,
    ...(before && { before }),
    onWitnessed(head) {
      newest = head
      writing = writing
        .then(async () => {
          if (newest !== head) return
          await disk.replace(WITNESSED_FILE, Buffer.from(head.checkpoint))
        })
        .catch((error: unknown) => onError(error, `witnessed checkpoint of ${log.name}`))
    },
    onAnswer: (witness, answer) => {
      tellAnswer(options, log, witness, answer).catch((error: unknown) =>
        onError(error, `witness ${witness.name} of ${log.name}`),
      )
    },
  })
}

async function tellAnswer(
  { log: line, journal, shout }: KeepWitnessedOptions,
  log: Log,
  { name }: PolicyWitness,
  answer: Cosigned,
): Promise<void> {
  if (answer.is === 'cosigned') return
  if (answer.is === 'failed') {
    line('warn', 'a witness did not cosign', { log: log.name, witness: name, why: answer.why })
    return
  }
  const { said, what } = answer
  const key = contradictionKey(log.name, name)
  const told = (known: { readonly said: number | undefined } | undefined): boolean => known?.said === said
  if (told(journal.state.get(witnessRecords, key))) return
  const data = { log: log.name, witness: name, said, size: log.head().size }
  line('error', `the witness ${name} contradicts the log ${log.name}: ${what}`, data)
  shout(
    'ledger_contradicted',
    `The witness ${name} contradicts the log ${log.name}: ${what}. The log was turned back or forked, somebody else signs with its key, or the witness lies. Compare heads with other holders at once.`,
    data,
  )
  await journal.execute(state =>
    told(state.get(witnessRecords, key))
      ? { events: [], result: undefined }
      : { events: [{ type: 'ledger.contradicted', data }], result: undefined },
  )
}

async function tellLapses(
  { journal, alertAfterMs }: KeepWitnessedOptions,
  log: string,
  ageMs: number,
  size: number,
): Promise<void> {
  const lapsed = ageMs > alertAfterMs
  if ((journal.state.get(witnessRecords, log)?.lapsed ?? false) === lapsed) return
  await journal.execute(state => {
    if ((state.get(witnessRecords, log)?.lapsed ?? false) === lapsed) return { events: [], result: undefined }
    const event = lapsed
      ? { type: 'ledger.unwitnessed', data: { log, size, for_ms: ageMs } }
      : { type: 'ledger.witnessed_again', data: { log, size } }
    return { events: [event], result: undefined }
  })
}

/** By the clock that has gone further; a wall clock that was set back makes nothing young. */
function age(since: Instant, now: Instant): number {
  return Math.max(0, Math.round(Math.max(now.wall - since.wall, now.mono - since.mono)))
}
