import type { Slice } from '../journal/slice.ts'
import { channelHealth } from './channel-health.ts'
import { outbox } from './outbox.ts'

/** What the journal must fold for this folder. */
export const alertSlices: readonly Slice<unknown>[] = [outbox, channelHealth] as readonly Slice<unknown>[]
