import { setTimeout as sleep } from 'node:timers/promises'
import { isFault } from '../../kernel/faults.ts'

/** What a killed server held is free a moment later than the server is gone. */
const PATIENCE_MS = 3000
const AGAIN_MS = 50

/** Asks again for a while before it believes a Fault `ledger.in_use`. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isFault(error, 'ledger.in_use') || performance.now() >= until) throw error
      await sleep(AGAIN_MS)
    }
  }
}
