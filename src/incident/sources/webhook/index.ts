import type { Source } from '../../source.ts'
import { normalise } from './normalise.ts'
import { verify } from './verify.ts'

/** Any tool that signs by Standard Webhooks. */
export const webhook: Source = { kind: 'webhook', trust: 'signed', order: 'stated', verify, normalise }
