import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../kernel/faults.ts'
import type { SignerHouse } from '../../ledger/signer/signer-house.ts'
import { MEMORY_BYTES, MEMORY_FILE } from '../../ledger/signer/signer-memory.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import type { Vault } from '../../store/file/vault.ts'

export interface MoveOptions {
  readonly vault: Vault
  readonly house: SignerHouse
  /** The folder inside the data directory that held the memories. */
  readonly former: string
  readonly log: string
  readonly origin: string
  /** The log holds no entry yet. */
  readonly empty: boolean
}

/**
 * Data of before the guarded signer kept a log's seed in the vault and its memory beside the log. Both go to the signer,
 * once: it has them durably before the memory here is removed, and the seed in the vault goes last, so that a crash
 * anywhere leaves a start that does the rest. Fault `ledger.damaged` when the memory is not there any more.
 */
export async function moveKey({ vault, house, former, log, origin, empty }: MoveOptions): Promise<void> {
  const record = `signing/${log}`
  const seed = await vault.get(record)
  if (seed === undefined) return
  const folder = join(former, log)
  const memory = await nodeDisk(folder).read(MEMORY_FILE)
  if (memory === undefined && !empty && !(await holds(house, origin))) {
    throw new Fault('ledger.damaged', `What the signer of ${origin} signed last is not in ${folder}.`, {
      next: 'Nothing was changed. Bring that folder back from the newest copy of the data directory.',
      facts: { origin },
    })
  }
  await house.adopt(origin, seed, memory ?? Buffer.alloc(MEMORY_BYTES))
  await nodeDisk(folder).remove(MEMORY_FILE)
  await rm(folder, { recursive: true, force: true })
  await vault.destroy(record)
}

/** Whether the move got as far as the signer before a crash. */
async function holds(house: SignerHouse, origin: string): Promise<boolean> {
  try {
    const signer = await house.open(origin, { create: false })
    await signer.close()
    return true
  } catch (error) {
    if (error instanceof Fault && error.code === 'ledger.damaged') return false
    throw error
  }
}
