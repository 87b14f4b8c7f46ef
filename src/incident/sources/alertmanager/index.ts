import type { Source } from '../../source.ts'
import { normalise } from './normalise.ts'
import { verify } from './verify.ts'

/** Prometheus Alertmanager's webhook receiver. */
export const alertmanager: Source = {
  kind: 'alertmanager',
  trust: 'unsigned',
  order: 'arrival',
  verify,
  normalise,
}
