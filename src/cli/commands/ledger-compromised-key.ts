import type { Call, Define } from '../call.ts'
import { answerKeys } from '../key-change-lines.ts'
import { Fault } from '../../kernel/faults.ts'

interface Options {
  readonly config: string
  readonly since: string
}

export const ledgerCompromisedKey: Define = (command, run) => {
  command
    .argument('<log>', 'control or sessions')
    .argument('<keyid>', 'the eight hex digits between the two + of its verifier key')
    .requiredOption('--since <size>', 'entries of the last head by that key that is still to be believed')
    .option('--config <folder>', 'the configuration folder of the stopped server', '.')
    .addHelpText(
      'after',
      '\nThe log says so, then the signer forgets the key. Needs another key that signs: rotate first. Tell every\nverifier and witness to take the key out of their policies: nothing in a log can do that for them.',
    )
    .action(run(compromised))
}

async function compromised(
  call: Call,
  log: string,
  keyId: string,
  { config, since }: Options,
): Promise<void> {
  if (!/^(0|[1-9]\d{0,14})$/.test(since)) {
    throw new Fault('input.invalid', `--since: ${JSON.stringify(since)} is no number of entries.`, {
      next: 'Give the second line of the last checkpoint you believe.',
    })
  }
  const change = { kind: 'compromised', keyId, since: Number(since) } as const
  const done = await call.local.changeKeys({ config, log, change })
  answerKeys(call, done, 'Tell every verifier and witness to take the key out of their policies now.')
}
