import type { Call, Define } from '../call.ts'
import { answerKeys } from '../key-change-lines.ts'

export const ledgerRotateKey: Define = (command, run) => {
  command
    .argument('<log>', 'control or sessions')
    .option('--config <folder>', 'the configuration folder of the stopped server', '.')
    .addHelpText(
      'after',
      '\nMakes a second key. The log says so first, signed by the old key; from then on both sign every head.\nGive the new key to verifiers and witnesses, then end the overlap: `breakglass ledger retire-key`.',
    )
    .action(run(rotate))
}

async function rotate(call: Call, log: string, { config }: { readonly config: string }): Promise<void> {
  const done = await call.local.changeKeys({ config, log, change: { kind: 'rotate' } })
  answerKeys(
    call,
    done,
    'Give the new key to verifiers and witnesses; when all have it: `breakglass ledger retire-key`.',
  )
}
