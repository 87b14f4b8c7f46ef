import type { Define } from '../call.ts'
import { changeKey, type KeyChange, keyChange, type KeyUse } from '../ssh-key-change.ts'

const SWITCH: KeyChange = {
  way: 'switch',
  afterwards: {
    ca: 'Run `breakglass target plan` on each host once more: then the authority of before is trusted there no longer.',
    host: 'Whoever has not pinned it yet is told so and signs in again with `breakglass login`.',
  },
}

interface Options {
  readonly although: readonly string[]
  readonly code?: string
}

export const sshKeysSwitch: Define = (command, run) => {
  keyChange(command)
    .option('--although <targets...>', 'hosts that need not be ready, as they are gone', [])
    .addHelpText(
      'after',
      '\nUses the next key from now on; sessions that run go on. The authority is switched when every host passes\nits check with both; nothing is left of the key of before.',
    )
    .action(
      run((call, use: KeyUse, { although, code }: Options) =>
        changeKey(call, SWITCH, use, { code, wish: { although } }),
      ),
    )
}
