import type { Call, Define } from '../call.ts'
import { showBytes } from '../byte-progress.ts'

interface Options {
  readonly config: string
  readonly newOrigin?: string
}

export const restore: Define = (command, run) => {
  command
    .argument('<backup>', 'the folder that `breakglass backup` made')
    .option('--config <folder>', 'the configuration folder to restore into; its keys must be there', '.')
    .option(
      '--new-origin <name>',
      'go on as new logs that record what is missing; the name was never used before',
    )
    .addHelpText(
      'after',
      '\nVerifies the whole backup first and never overwrites data. Data that ends before what the signer has\nsigned is refused: it would go back in time. With --new-origin the logs go on under a new name and key;\nevery old entry keeps its index and its bytes, and old proofs verify with the old key as before.',
    )
    .action(run(putBack))
}

async function putBack(call: Call, from: string, { config, newOrigin }: Options): Promise<void> {
  const done = await call.local.restore({
    from,
    to: config,
    ...(newOrigin !== undefined && { newOrigin }),
    onProgress: showBytes(call.terminal),
  })
  call.terminal.status(undefined)
  call.answer(done, () => [
    `Restored into ${done.data}`,
    ...done.logs.map(({ log, origin, size }) => `  log ${log}: ${size} entries, now as ${origin}`),
    ...(newOrigin === undefined
      ? []
      : ['Tell those who verify your logs: the new keys stand in the entries `ledger.continued`.']),
  ])
}
