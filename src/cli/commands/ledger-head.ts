import type { LogHead } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { table } from '../table.ts'

export const ledgerHead: Define = (command, run) => {
  command
    .addHelpText(
      'after',
      '\nWrite a head down elsewhere: whoever changes the log later cannot make it agree.',
    )
    .action(run(heads))
}

async function heads(call: Call): Promise<void> {
  const answer = await call.client().get<{ logs: readonly LogHead[] }>('/v1/ledger')
  call.answer(answer, () =>
    table(
      ['LOG', 'ENTRIES', 'ROOT', ''],
      answer.logs.map(({ log, size, root, trouble }) => [log, String(size), root, trouble ?? '']),
      Math.max(call.terminal.columns, 100),
    ),
  )
}
