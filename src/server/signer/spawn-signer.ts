import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { workerFile } from '../../kernel/worker-file.ts'
import { SignerChannel } from '../../ledger/signer/signer-channel.ts'
import type { SignerHouse } from '../../ledger/signer/signer-house.ts'

export interface SpawnedSigner extends SignerHouse {
  readonly pid: number | undefined
}

/**
 * Starts the signer as a child of this process with its own directory: no environment, no standard streams, one pair of
 * sockets. It ends with this process. What keeps it from starting is the fault of the first `open`.
 */
export function spawnSigner(directory: string): SpawnedSigner {
  const child = spawn(
    process.execPath,
    [fileURLToPath(workerFile(import.meta.url, './signer-process.ts')), directory],
    { env: {}, cwd: '/', stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  )
  const gone = once(child, 'close').catch(() => undefined)
  const channel = new SignerChannel(child.stdio[3] as Duplex)
  return {
    pid: child.pid,
    open: (origin, options) => channel.open(origin, options),
    adopt: (origin, seed, memory) => channel.adopt(origin, seed, memory),
    async close() {
      await channel.close()
      await gone
    },
  }
}
