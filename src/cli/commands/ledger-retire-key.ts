import type { Call, Define } from '../call.ts'
import { answerKeys } from '../key-change-lines.ts'

export const ledgerRetireKey: Define = (command, run) => {
  command
    .argument('<log>', 'control or sessions')
    .argument('<keyid>', 'the eight hex digits between the two + of its verifier key')
    .option('--config <folder>', 'the configuration folder of the stopped server', '.')
    .addHelpText(
      'after',
      '\nThe log says so first; then the signer forgets the key for good. What it signed stays proven.\nThe last key of a log cannot be retired.',
    )
    .action(run(retire))
}

async function retire(
  call: Call,
  log: string,
  keyId: string,
  { config }: { readonly config: string },
): Promise<void> {
  const done = await call.local.changeKeys({ config, log, change: { kind: 'retire', keyId } })
  answerKeys(call, done, 'Verifiers keep the old key in their policies for proofs of before.')
}
