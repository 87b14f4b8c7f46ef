import { Argument } from 'commander'
import type { Call, Define } from '../call.ts'
import { type SshKeys, sshKeyLines } from '../ssh-key-lines.ts'
import { withStepUp } from '../step-up.ts'

const THEN = {
  ca: 'Run `breakglass target plan` on each host once more: then the authority of before is trusted there no longer.',
  host: 'Whoever has not pinned it yet is told so and signs in again with `breakglass login`.',
} as const

interface Options {
  readonly although: readonly string[]
  readonly code?: string
}

export const sshKeysSwitch: Define = (command, run) => {
  command
    .addArgument(new Argument('<key>', 'which one').choices(['ca', 'host']))
    .option('--although <targets...>', 'hosts that need not be ready, as they are gone', [])
    .option('--code <code>', 'of your authenticator app, where a fresh factor is wanted')
    .addHelpText(
      'after',
      '\nUses the next key from now on; sessions that run go on. The authority is switched when every host passes\nits check with both; nothing is left of the key of before.',
    )
    .action(run(switchTo))
}

async function switchTo(call: Call, use: keyof typeof THEN, { although, code }: Options): Promise<void> {
  const client = call.client()
  const change = (): Promise<SshKeys> => client.post<SshKeys>(`/v1/ssh-keys/${use}/switch`, { although })
  const keys = await withStepUp(call, client, change, code)
  call.answer(keys, () => [...sshKeyLines(keys), '', THEN[use]])
}
