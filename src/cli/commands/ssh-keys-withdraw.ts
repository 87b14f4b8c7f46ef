import { Argument } from 'commander'
import type { Call, Define } from '../call.ts'
import { type SshKeys, sshKeyLines } from '../ssh-key-lines.ts'
import { withStepUp } from '../step-up.ts'

const THEN = {
  ca: 'Run `breakglass target plan` once more on each host that trusts it already.',
  host: 'Command lines forget it when they connect next. People with known_hosts of their own take the line out.',
} as const

export const sshKeysWithdraw: Define = (command, run) => {
  command
    .addArgument(new Argument('<key>', 'which one').choices(['ca', 'host']))
    .option('--code <code>', 'of your authenticator app, where a fresh factor is wanted')
    .addHelpText(
      'after',
      '\nTakes the next key back before it was used. Nothing is left of it; the one in use stays.',
    )
    .action(run(withdraw))
}

async function withdraw(
  call: Call,
  use: keyof typeof THEN,
  { code }: { readonly code?: string },
): Promise<void> {
  const client = call.client()
  const keys = await withStepUp(
    call,
    client,
    () => client.post<SshKeys>(`/v1/ssh-keys/${use}/withdraw`),
    code,
  )
  call.answer(keys, () => [...sshKeyLines(keys), '', THEN[use]])
}
