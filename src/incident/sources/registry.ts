import type { Source } from '../source.ts'
import { alertmanager } from './alertmanager/index.ts'
import { webhook } from './webhook/index.ts'

/** One line per kind of source. */
export const SOURCES = { webhook, alertmanager } satisfies Record<string, Source>
