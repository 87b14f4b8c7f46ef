import { once } from 'node:events'
import { connect } from 'node:net'
import { Fault } from '../../kernel/faults.ts'
import { SignerChannel } from '../../ledger/signer/signer-channel.ts'
import type { SignerHouse } from '../../ledger/signer/signer-house.ts'
import { patiently } from './patiently.ts'

/** The signer that another user runs (`breakglass signer`). Fault `unavailable` when nothing answers at the socket. */
export async function connectSigner(path: string): Promise<SignerHouse> {
  const socket = connect({ path })
  try {
    await once(socket, 'connect')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error'
    throw new Fault('unavailable', `No signer answers at ${path} (${code}).`, {
      next:
        code === 'EACCES'
          ? 'It is not meant for the account of this server: see --allow-uid and --allow-gid of `breakglass signer`.'
          : 'Start it (`breakglass signer`), or correct `ledger.signer.socket` in breakglass.yaml.',
      facts: { socket: path, code },
      cause,
    })
  }
  const channel = new SignerChannel(socket)
  return {
    open: (origin, options) => patiently(() => channel.open(origin, options)),
    adopt: (origin, seed, memory) => patiently(() => channel.adopt(origin, seed, memory)),
    close: () => channel.close(),
  }
}
