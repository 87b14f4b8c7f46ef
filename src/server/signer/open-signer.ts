import type { SignerHouse } from '../../ledger/signer/signer-house.ts'
import type { Config } from '../config/config.ts'
import { connectSigner } from './connect-signer.ts'
import { openSignerDirectory } from './signer-directory.ts'
import { spawnSigner } from './spawn-signer.ts'

/** Where the logs are signed, as configured: a process of its own unless it was asked for otherwise. */
export function openSigner({ signer, ledger }: Pick<Config, 'signer' | 'ledger'>): Promise<SignerHouse> {
  switch (ledger.signer.kind) {
    case 'child':
      return Promise.resolve(spawnSigner(signer))
    case 'in_process':
      return openSignerDirectory(signer)
    case 'socket':
      return connectSigner(ledger.signer.path)
  }
}
