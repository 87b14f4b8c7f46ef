import type { Clock } from '../../kernel/clock.ts'
import { Fault } from '../../kernel/faults.ts'
import type { Disk } from '../../ledger/disk.ts'
import type { Log } from '../../ledger/log.ts'
import { parseCheckpointText } from '../../ledger/note/checkpoint.ts'
import { cosignedAt } from '../../ledger/note/cosignature.ts'
import { splitNote } from '../../ledger/note/split-note.ts'
import { verifyConsistency } from '../../ledger/tree/consistency.ts'
import type { Policy, PolicyWitness } from '../../ledger/trust/policy.ts'
import { isQuorum } from '../../ledger/trust/quorum.ts'
import type { WitnessedHead } from '../../ledger/witness/witnessing.ts'

/** The newest cosigned checkpoint, in a folder beside the logs. */
export const WITNESSED_FILE = 'checkpoint'

/**
 * What was witnessed before this start; undefined when there is nothing, or the policy of today does not believe it. Fault
 * `ledger.damaged`: witnesses cosigned what is not the beginning of this log, so the log was turned back or replaced.
 */
export async function readWitnessed(
  disk: Disk,
  log: Pick<Log, 'name' | 'origin' | 'head' | 'consistency'>,
  policy: Policy,
  clock: Clock,
): Promise<WitnessedHead | undefined> {
  const note = (await disk.read(WITNESSED_FILE))?.toString('utf8')
  const split = note === undefined ? undefined : splitNote(note)
  const witnessed = split && parseCheckpointText(split.text)
  if (note === undefined || split === undefined || witnessed?.origin !== log.origin) return undefined
  const times = new Map<PolicyWitness, number>()
  for (const witness of policy.witnesses) {
    const { cosigner } = witness
    const line =
      cosigner && split.signatures.find(one => one.name === cosigner.name && one.keyId.equals(cosigner.keyId))
    const seconds = cosigner && line && cosignedAt(split.text, line, cosigner)
    if (seconds !== undefined) times.set(witness, seconds)
  }
  if (!isQuorum(policy.quorum, new Set(times.keys()))) return undefined
  await mustExtend(log, witnessed)
  const now = clock.now()
  const wall = Math.min(now.wall, ...[...times.values()].map(seconds => seconds * 1000))
  const { size, root } = witnessed
  return { size, root, checkpoint: note, asked: { ...now, wall, mono: now.mono - (now.wall - wall) } }
}

async function mustExtend(
  log: Pick<Log, 'name' | 'head' | 'consistency'>,
  { size, root }: { readonly size: number; readonly root: Buffer },
): Promise<void> {
  const head = log.head()
  const holds =
    size <= head.size &&
    verifyConsistency(size, head.size, root, head.root, await log.consistency(size, head.size))
  if (holds) return
  throw new Fault(
    'ledger.damaged',
    size > head.size
      ? `The log ${log.name} has ${head.size} entries; witnesses have cosigned ${size}.`
      : `The log ${log.name} is not the one whose first ${size} entries witnesses have cosigned.`,
    {
      next: 'The data was turned back or replaced: restore the newest copy of it, or start a new origin.',
      facts: { log: log.name, size: head.size, witnessed: size },
    },
  )
}
