import type { Call, Define } from '../call.ts'
import { writeWished } from '../files.ts'

export const ledgerPolicy: Define = (command, run) => {
  command
    .option('-o, --out <file>', 'where to write it; otherwise it is printed')
    .addHelpText(
      'after',
      '\nPrints a C2SP tlog-policy: what `ledger verify --proof` and `evidence verify` ask for with --policy. Keep it\nwhere whoever runs this server cannot change it, and compare the keys with what the owners tell you: a\npolicy taken from the one whose evidence it judges proves only that the evidence agrees with itself.',
    )
    .action(run(policy))
}

async function policy(call: Call, { out }: { readonly out?: string }): Promise<void> {
  const { policy: text } = await call.client().get<{ policy: string }>('/v1/ledger/policy')
  if (out !== undefined) writeWished('--out', out, text)
  call.answer({ policy: text, ...(out !== undefined && { file: out }) }, () =>
    out === undefined
      ? [text.trimEnd()]
      : [`The policy is in ${out}. Compare its keys with what somebody else told you.`],
  )
}
