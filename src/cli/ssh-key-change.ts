import { Argument, type Command } from 'commander'
import type { Call } from './call.ts'
import { type SshKeys, sshKeyLines } from './ssh-key-lines.ts'
import { withStepUp } from './step-up.ts'

export type KeyUse = 'ca' | 'host'

/** A change of the gateway's own keys: the way of the API it takes, and what people do then. */
export interface KeyChange {
  readonly way: 'next' | 'withdraw' | 'switch'
  readonly afterwards: Readonly<Record<KeyUse, string>>
}

/** What every change of a key is told: which one, and a fresh factor where there is nobody to ask. */
export function keyChange(command: Command): Command {
  return command
    .addArgument(new Argument('<key>', 'which one').choices(['ca', 'host']))
    .option('--code <code>', 'of your authenticator app, where a fresh factor is wanted')
}

/** Makes it, and shows the keys there are from now on. */
export async function changeKey(
  call: Call,
  { way, afterwards }: KeyChange,
  use: KeyUse,
  { code, wish }: { readonly code?: string | undefined; readonly wish?: object },
): Promise<void> {
  const client = call.client()
  const change = (): Promise<SshKeys> => client.post<SshKeys>(`/v1/ssh-keys/${use}/${way}`, wish)
  const keys = await withStepUp(call, client, change, code)
  call.answer(keys, () => [...sshKeyLines(keys), '', ...afterwards[use].split('\n')])
}
