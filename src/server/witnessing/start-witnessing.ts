import { join } from 'node:path'
import { httpPost } from '../../ledger/witness/http-post.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import type { Config } from '../config/config.ts'
import { keepWitnessed, type KeepWitnessedOptions, type WitnessedLogs } from './keep-witnessed.ts'
import { witnessPolicy } from './witness-policy.ts'

/** The folder of what was witnessed, in the data directory beside the logs. */
const WITNESSED = 'witnessed'
/** What one witness may take; others do not wait for it. */
const ANSWER_MS = 10_000

export interface StartWitnessingOptions
  extends Pick<KeepWitnessedOptions, 'logs' | 'journal' | 'clock' | 'log' | 'shout' | 'onError'> {
  readonly config: Pick<Config, 'data' | 'ledger'>
  readonly version: string
}

/** Undefined where the configuration names no witnesses. Faults `config.invalid`, `ledger.damaged`. */
export async function startWitnessing({
  config: { data, ledger },
  version,
  ...options
}: StartWitnessingOptions): Promise<WitnessedLogs | undefined> {
  if (ledger.witnesses === undefined) return undefined
  const { everyMs, alertAfterMs } = ledger.witnesses
  const stop = new AbortController()
  const kept = await keepWitnessed({
    ...options,
    policy: witnessPolicy(ledger.witnesses),
    everyMs,
    alertAfterMs,
    post: httpPost(ANSWER_MS, `breakglass/${version}`, stop.signal),
    disk: log => nodeDisk(join(data, WITNESSED, log)),
  })
  return {
    ...kept,
    stop() {
      stop.abort()
      return kept.stop()
    },
  }
}
