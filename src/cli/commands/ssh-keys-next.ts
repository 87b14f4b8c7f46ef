import type { Define } from '../call.ts'
import { changeKey, type KeyChange, keyChange, type KeyUse } from '../ssh-key-change.ts'

const NEXT: KeyChange = {
  way: 'next',
  afterwards: {
    ca: 'Now each host has to trust it as well: its owner runs `breakglass target plan` there, `breakglass target check` sees both.\nThen: breakglass ssh-keys switch ca',
    host: 'Command lines that connect from now on pin both. Give them time, a day or the longest grant, then: breakglass ssh-keys switch host\nPeople with known_hosts of their own add the line above.',
  },
}

export const sshKeysNext: Define = (command, run) => {
  keyChange(command)
    .addHelpText(
      'after',
      '\nMakes the key that will follow. It is shown beside the one in use and not used yet.',
    )
    .action(
      run((call, use: KeyUse, options: { readonly code?: string }) => changeKey(call, NEXT, use, options)),
    )
}
