import type { Call, Define } from '../call.ts'

interface Options {
  readonly name?: string
  readonly log: readonly string[]
  readonly logs?: string
  readonly listen: string
}

export const witness: Define = (command, run) => {
  command
    .argument('[folder]', 'its key and its memory; made at the first start', './witness')
    .option('--name <name>', 'at the first start: its name for ever, such as witness.example.com/w1')
    .option('--log <vkey...>', 'verifier keys of the logs to follow', [])
    .option('--logs <file>', 'more of them, one per line (default: the file logs in the folder)')
    .option('--listen <address>', 'where logs reach it', '127.0.0.1:7080')
    .addHelpText(
      'after',
      '\nCosigns heads of other logs that extend what it cosigned before (c2sp.org/tlog-witness). Run it on another\nmachine, under another operator. Never restore its folder from a backup: start a new name instead.\nRuns until it is stopped; every request is a JSON line on standard error.\n\nExample:\n  breakglass witness /var/lib/witness --name witness.example.com/w1 --log breakglass/acme/control+…',
    )
    .action(run(startWitness))
}

async function startWitness(call: Call, folder: string, options: Options): Promise<void> {
  const { terminal } = call
  const stop = new AbortController()
  const end = (): void => stop.abort()
  process.once('SIGTERM', end)
  terminal.interrupted.addEventListener('abort', end, { once: true })
  await call.local.witness({
    folder,
    ...(options.name !== undefined && { name: options.name }),
    logs: options.log,
    ...(options.logs !== undefined && { logsFile: options.logs }),
    listen: options.listen,
    stop: stop.signal,
    onReady: ready =>
      call.answer(ready, () => [
        `The witness ${ready.name} listens at ${ready.url}`,
        ...ready.following.map(({ origin, size }) => `  follows ${origin}, ${size} entries cosigned`),
        '',
        ...(ready.fresh ? ['This is its key, made just now. Give it to those who are to trust it:'] : []),
        `  ${ready.vkey}`,
      ]),
  })
}
