import { Counter, Gauge, Registry } from 'prom-client'
import type { FollowedHead } from '../../ledger/witness/witness.ts'

/** What Prometheus reads at a witness's `/metrics`. */
export interface WitnessMetrics {
  readonly type: string
  answered(status: number, suspicious: boolean): void
  text(heads: readonly FollowedHead[]): Promise<string>
}

export function witnessMetrics(): WitnessMetrics {
  const registry = new Registry()
  const requests = new Counter({
    name: 'breakglass_witness_requests_total',
    help: 'add-checkpoint requests by answer',
    labelNames: ['status'],
    registers: [registry],
  })
  const suspicious = new Counter({
    name: 'breakglass_witness_contradictions_total',
    help: 'signed heads that do not extend what was cosigned before',
    registers: [registry],
  })
  const size = new Gauge({
    name: 'breakglass_witness_log_size',
    help: 'entries of the head cosigned last',
    labelNames: ['origin'],
    registers: [registry],
  })
  const at = new Gauge({
    name: 'breakglass_witness_cosigned_timestamp_seconds',
    help: 'when this process cosigned last, in seconds since 1970',
    labelNames: ['origin'],
    registers: [registry],
  })
  return {
    type: registry.contentType,
    answered(status, contradicts) {
      requests.inc({ status: String(status) })
      if (contradicts) suspicious.inc()
    },
    async text(heads) {
      for (const head of heads) {
        size.set({ origin: head.origin }, head.size)
        if (head.cosignedAt !== undefined) at.set({ origin: head.origin }, head.cosignedAt)
      }
      return registry.metrics()
    },
  }
}
