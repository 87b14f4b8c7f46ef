import { Socket } from 'node:net'
import { Fault, isFault } from '../../kernel/faults.ts'
import { frameMessage } from '../../ledger/signer/message-frames.ts'
import { serveSigner } from '../../ledger/signer/serve-signer.ts'
import { encodeAnswer } from '../../ledger/signer/signer-messages.ts'
import { openSignerDirectory } from './signer-directory.ts'

// The signer as a child of the server (`spawn-signer`): its directory is the only argument, descriptor 3 its only
// connection. It ends when that does, with whatever the server was doing.

/** Ctrl-C and a service manager reach the whole group: the server still has last heads to sign then. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)

const stream = new Socket({ fd: 3, allowHalfOpen: true })
try {
  const directory = await openSignerDirectory(process.argv[2] ?? '')
  await serveSigner(stream, directory)
  await directory.close()
} catch (error) {
  const fault = isFault(error)
    ? error
    : new Fault(
        'ledger.failed',
        `The signer cannot start: ${error instanceof Error ? error.message : String(error)}.`,
        {
          next: 'Check the signer directory: its owner, its mode and its disk.',
        },
      )
  stream.end(frameMessage(encodeAnswer({ id: 0, fault })))
}
