import { Argument } from 'commander'
import type { Call, Define } from '../call.ts'
import { type SshKeys, sshKeyLines } from '../ssh-key-lines.ts'
import { withStepUp } from '../step-up.ts'

const THEN = {
  ca: 'Now each host has to trust it as well: its owner runs `breakglass target plan` there, `breakglass target check` sees both.\nThen: breakglass ssh-keys switch ca',
  host: 'Command lines that connect from now on pin both. Give them time, a day or the longest grant, then: breakglass ssh-keys switch host\nPeople with known_hosts of their own add the line above.',
} as const

export const sshKeysNext: Define = (command, run) => {
  command
    .addArgument(new Argument('<key>', 'which one').choices(['ca', 'host']))
    .option('--code <code>', 'of your authenticator app, where a fresh factor is wanted')
    .addHelpText(
      'after',
      '\nMakes the key that will follow. It is shown beside the one in use and not used yet.',
    )
    .action(run(makeNext))
}

async function makeNext(
  call: Call,
  use: keyof typeof THEN,
  { code }: { readonly code?: string },
): Promise<void> {
  const client = call.client()
  const keys = await withStepUp(call, client, () => client.post<SshKeys>(`/v1/ssh-keys/${use}/next`), code)
  call.answer(keys, () => [...sshKeyLines(keys), '', ...THEN[use].split('\n')])
}
