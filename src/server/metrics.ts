import { Gauge, Registry } from 'prom-client'
import type { Metrics } from '../api/deps.ts'
import type { Log } from '../ledger/log.ts'
import type { AnchoredLogs } from './anchoring/keep-anchored.ts'
import type { WitnessedLogs } from './witnessing/keep-witnessed.ts'

export interface MetricSources {
  readonly logs: readonly Log[]
  readonly witnessed: WitnessedLogs | undefined
  readonly anchored: AnchoredLogs | undefined
}

/** What Prometheus reads: read from the running parts at each scrape, kept nowhere. */
export function createMetrics({ logs, witnessed, anchored }: MetricSources): Metrics {
  const registry = new Registry()
  const gauge = (name: string, help: string, labelNames: readonly string[]): Gauge =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const size = gauge('breakglass_ledger_size', 'entries of the signed head', ['log'])
  const ok = gauge('breakglass_ledger_ok', '0 while the log refuses entries', ['log'])
  const age = witnessed && {
    seconds: gauge(
      'breakglass_ledger_cosignature_age_seconds',
      'how long ago the witnesses were asked for the newest head that satisfies the policy',
      ['log'],
    ),
    size: gauge('breakglass_ledger_witnessed_size', 'entries of that head', ['log']),
    up: gauge('breakglass_ledger_witness_up', '1 while the last answer of the witness was a cosignature', [
      'log',
      'witness',
    ]),
  }
  const anchor = anchored && {
    seconds: gauge('breakglass_ledger_anchor_age_seconds', 'how old the newest time stamp of the log is', [
      'log',
    ]),
    refused: gauge(
      'breakglass_ledger_anchor_failures',
      'answers without a valid time stamp since the start',
      ['authority'],
    ),
  }
  return {
    type: registry.contentType,
    text() {
      for (const log of logs) {
        size.set({ log: log.name }, log.head().size)
        ok.set({ log: log.name }, log.trouble === undefined ? 1 : 0)
        const stamped = anchored?.ageMs(log.name)
        if (stamped !== undefined) anchor?.seconds.set({ log: log.name }, stamped / 1000)
        if (witnessed === undefined || age === undefined) continue
        age.seconds.set({ log: log.name }, witnessed.ageMs(log.name) / 1000)
        age.size.set({ log: log.name }, witnessed.witnessed(log.name)?.size ?? 0)
        for (const { name, answered, trouble } of witnessed.witnesses(log.name))
          age.up.set(
            { log: log.name, witness: name },
            answered !== undefined && trouble === undefined ? 1 : 0,
          )
      }
      for (const [authority, count] of anchored?.failures() ?? []) anchor?.refused.set({ authority }, count)
      return registry.metrics()
    },
  }
}
