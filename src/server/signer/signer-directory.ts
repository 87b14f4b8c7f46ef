import { join } from 'node:path'
import type { SignerHouse } from '../../ledger/signer/signer-house.ts'
import { openSignerKeep } from '../../ledger/signer/signer-keep.ts'
import { lockDirectory } from '../../store/file/directory-lock.ts'
import { nodeDisk } from '../../store/file/node-disk.ts'
import { patiently } from './patiently.ts'

/** Takes the directory for this process and opens what it keeps. Fault `ledger.in_use` while another signer has it. */
export async function openSignerDirectory(directory: string): Promise<SignerHouse> {
  const lock = await patiently(() => lockDirectory(directory))
  const keep = openSignerKeep(folder => nodeDisk(join(directory, folder)))
  return {
    ...keep,
    async close() {
      await keep.close()
      await lock.release()
    },
  }
}
