import type { Call, Define } from '../call.ts'
import { type SshKeys, sshKeyLines } from '../ssh-key-lines.ts'

export const sshKeys: Define = (command, run) => {
  command
    .addHelpText(
      'after',
      '\nThe host key is what clients pin; the authority signs the certificates that hosts accept.\nA key is replaced in two steps, so that nobody is locked out: `ssh-keys next`, then `ssh-keys switch`\n(or `ssh-keys withdraw`).\n\nExample: compare with what a host trusts:\n  ssh-keygen -lf /etc/ssh/breakglass/ca.pub',
    )
    .action(run(showKeys))
}

async function showKeys(call: Call): Promise<void> {
  const keys = await call.client().get<SshKeys>('/v1/ssh-keys')
  call.answer(keys, () => sshKeyLines(keys))
}
