import { InvalidArgumentError } from 'commander'
import type { Call, Define } from '../call.ts'

interface Options {
  readonly directory: string
  readonly socket: string
  readonly allowUid?: number
  readonly allowGid?: number
}

export const signer: Define = (command, run) => {
  command
    .requiredOption(
      '--directory <folder>',
      'keys of the logs and what was signed last; for this account alone',
    )
    .requiredOption('--socket <path>', 'where the server finds it (`ledger: { signer: { socket: … } }`)')
    .option('--allow-uid <number>', 'the account of the server (takes root)', accountNumber)
    .option('--allow-gid <number>', 'a group of the server that this account is in, too', accountNumber)
    .addHelpText(
      'after',
      '\nOnly needed when another account shall sign than the one the server runs under: otherwise the server\nstarts its signer itself. Runs until it is stopped (SIGINT, SIGTERM); the server stops with it.',
    )
    .action(run(runSigner))
}

async function runSigner(call: Call, options: Options): Promise<void> {
  const stop = new AbortController()
  const end = (): void => stop.abort()
  process.once('SIGTERM', end)
  call.terminal.interrupted.addEventListener('abort', end, { once: true })
  const { directory, socket, allowUid: uid, allowGid: gid } = options
  await call.local.signer({
    directory,
    socket,
    allow: { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) },
    stop: stop.signal,
    onReady: () => call.answer({ directory, socket }, () => [`The signer listens at ${socket}.`]),
  })
}

function accountNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a number, as `id -u` and `id -g` print it')
  return Number(text)
}
