import { Fault } from '../../kernel/faults.ts'
import type { Call, Define } from '../call.ts'

export const ledgerProve: Define = (command, run) => {
  command
    .argument('<log>', 'control or sessions')
    .argument('<index>', 'the number of the entry')
    .addHelpText(
      'after',
      '\nPrints a C2SP tlog-proof: the entry, the log key and this text are enough to verify it offline.',
    )
    .action(run(prove))
}

async function prove(call: Call, log: string, index: string): Promise<void> {
  if (!/^\d{1,15}$/.test(index))
    throw new Fault('input.invalid', `${JSON.stringify(index)} is no index.`, {
      next: 'Give the number of an entry, from 0.',
    })
  const answer = await call
    .client()
    .get<{ proof: string }>(`/v1/ledger/${encodeURIComponent(log)}/proof/${index}`)
  call.answer(answer, () => [answer.proof.trimEnd()])
}
