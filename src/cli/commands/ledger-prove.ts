import type { Call, Define } from '../call.ts'
import { entryIndex, writeWished } from '../files.ts'

interface Options {
  readonly log: string
  readonly out?: string
}

export const ledgerProve: Define = (command, run) => {
  command
    .argument('<index>', 'the number of the entry')
    .option('-l, --log <log>', 'control or sessions', 'control')
    .option('-o, --out <file>', 'where to write it, by custom NAME.tlog-proof; otherwise it is printed')
    .addHelpText(
      'after',
      '\nPrints a C2SP tlog-proof: with the bytes of the entry (`ledger entry`) and a policy it is verified\nanywhere: breakglass ledger verify --proof FILE --entry FILE --policy FILE',
    )
    .action(run(prove))
}

async function prove(call: Call, index: string, { log, out }: Options): Promise<void> {
  const path = `/v1/ledger/${encodeURIComponent(log)}/proof/${entryIndex(index)}`
  const { proof } = await call.client().get<{ proof: string }>(path)
  if (out !== undefined) writeWished('--out', out, proof)
  call.answer({ log, index: Number(index), proof, ...(out !== undefined && { file: out }) }, () =>
    out === undefined ? [proof.trimEnd()] : [`The proof of entry ${index} of ${log} is in ${out}.`],
  )
}
