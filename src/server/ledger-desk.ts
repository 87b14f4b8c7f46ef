import { Fault } from '../kernel/faults.ts'
import type { LedgerDesk } from '../api/deps.ts'
import type { Log } from '../ledger/log.ts'
import { encodeProof } from '../ledger/note/proof.ts'
import type { WitnessedLogs } from './witnessing/keep-witnessed.ts'

/**
 * Heads, files and proofs of the running logs. Where witnesses are asked, the checkpoint that is served and proven in is the
 * newest that satisfies their policy, as clients of tlog-tiles that hold a policy can use no other; an entry beyond it is
 * proven in the newest signed head (decision 0021).
 */
export function createLedgerDesk(
  logs: readonly Log[],
  witnessed: WitnessedLogs | undefined,
  policy: LedgerDesk['policy'],
): LedgerDesk {
  const find = (name: string): Log => {
    const found = logs.find(log => log.name === name)
    if (found) return found
    throw new Fault('not_found', `There is no log ${JSON.stringify(name.slice(0, 40))}.`, {
      next: `Logs here: ${logs.map(log => log.name).join(', ')}.`,
    })
  }
  return {
    policy,
    heads: () =>
      logs.map(log => {
        const { size, root } = log.head()
        const seen = witnessed?.witnessed(log.name)
        return {
          log: log.name,
          size,
          root: root.toString('hex'),
          ...(log.trouble !== undefined && { trouble: log.trouble }),
          ...(witnessed !== undefined && {
            witnessed: {
              size: seen?.size ?? 0,
              age_ms: witnessed.ageMs(log.name),
              failing: witnessed
                .witnesses(log.name)
                .flatMap(({ name, trouble }) =>
                  trouble === undefined ? [] : [{ witness: name, why: trouble }],
                ),
            },
          }),
        }
      }),
    async file(name, path) {
      const log = find(name)
      if (path === 'checkpoint') return Buffer.from((witnessed?.witnessed(name) ?? log.head()).checkpoint)
      return log.readTile(path)
    },
    async prove(name, index) {
      const log = find(name)
      const head = log.head()
      if (index < 0 || index >= head.size)
        throw new Fault('not_found', `The log ${name} has no signed entry ${index}.`, {
          next: `Its signed entries are 0 to ${head.size - 1}.`,
        })
      const seen = witnessed?.witnessed(name)
      const { size, checkpoint } = seen !== undefined && index < seen.size ? seen : head
      return encodeProof({ index, hashes: await log.inclusion(index, size), checkpoint })
    },
  }
}
