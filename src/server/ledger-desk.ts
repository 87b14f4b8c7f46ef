import { Fault } from '../kernel/faults.ts'
import type { LedgerDesk } from '../api/deps.ts'
import type { Log } from '../ledger/log.ts'
import { encodeProof } from '../ledger/note/proof.ts'

/** Heads, files and proofs of the running logs. */
export function createLedgerDesk(logs: readonly Log[]): LedgerDesk {
  const find = (name: string): Log => {
    const found = logs.find(log => log.name === name)
    if (found) return found
    throw new Fault('not_found', `There is no log ${JSON.stringify(name.slice(0, 40))}.`, {
      next: `Logs here: ${logs.map(log => log.name).join(', ')}.`,
    })
  }
  return {
    heads: () =>
      logs.map(log => {
        const { size, root } = log.head()
        return {
          log: log.name,
          size,
          root: root.toString('hex'),
          ...(log.trouble !== undefined && { trouble: log.trouble }),
        }
      }),
    async file(name, path) {
      const log = find(name)
      if (path === 'checkpoint') return Buffer.from(log.head().checkpoint)
      return log.readTile(path)
    },
    async prove(name, index) {
      const log = find(name)
      const { size, checkpoint } = log.head()
      if (index < 0 || index >= size)
        throw new Fault('not_found', `The log ${name} has no signed entry ${index}.`, {
          next: `Its signed entries are 0 to ${size - 1}.`,
        })
      return encodeProof({ index, hashes: await log.inclusion(index, size), checkpoint })
    },
  }
}
