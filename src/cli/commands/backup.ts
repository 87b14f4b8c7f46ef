import type { Call, Define } from '../call.ts'
import { showBytes } from '../byte-progress.ts'

export const backup: Define = (command, run) => {
  command
    .argument('<folder>', 'where the copy goes; must not exist yet')
    .option('--config <folder>', 'the configuration folder of the server', '.')
    .addHelpText(
      'after',
      '\nCopies logs, vault, recordings and configuration of a running or stopped server, and reads the copy again.\nNever in it: the vault key, the keys of the logs and what the signer remembers, TLS keys. Keep the vault key\nor its recovery shares elsewhere: without it the copy opens nothing.',
    )
    .action(run(backUp))
}

async function backUp(call: Call, folder: string, { config }: { readonly config: string }): Promise<void> {
  const done = await call.local.backup({ config, to: folder, onProgress: showBytes(call.terminal) })
  call.terminal.status(undefined)
  call.answer(done, () => [
    `Backed up and verified: ${folder}`,
    ...done.logs.map(({ log, size, root }) => `  log ${log}: ${size} entries, root ${root}`),
    `  ${done.files} files, ${done.bytes} bytes`,
    'The vault key is not in it: keep it, or its recovery shares, elsewhere.',
  ])
}
