import type { View } from '../journal/slice.ts'
import { outbox } from './outbox.ts'

const COUNTS = ['grant.requested', 'grant.activated']

/** Whether at least one channel has confirmed that this grant is being asked for or opened (`alert.before_open`). Pure. */
export function confirmed(state: View, grant: string): boolean {
  return state.get(outbox, grant)?.confirmed.some(type => COUNTS.includes(type)) ?? false
}
