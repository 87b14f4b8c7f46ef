import type { Define } from '../call.ts'
import { changeKey, type KeyChange, keyChange, type KeyUse } from '../ssh-key-change.ts'

const WITHDRAW: KeyChange = {
  way: 'withdraw',
  afterwards: {
    ca: 'Run `breakglass target plan` once more on each host that trusts it already.',
    host: 'Command lines forget it when they connect next. People with known_hosts of their own take the line out.',
  },
}

export const sshKeysWithdraw: Define = (command, run) => {
  keyChange(command)
    .addHelpText(
      'after',
      '\nTakes the next key back before it was used. Nothing is left of it; the one in use stays.',
    )
    .action(
      run((call, use: KeyUse, options: { readonly code?: string }) =>
        changeKey(call, WITHDRAW, use, options),
      ),
    )
}
