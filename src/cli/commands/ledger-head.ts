import type { LogHead } from '../../client/answers.ts'
import type { Call, Define } from '../call.ts'
import { table } from '../table.ts'
import { span } from '../times.ts'

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
      answer.logs.map(head => [
        head.log,
        String(head.size),
        head.root,
        [head.trouble, witnessedWords(head)].filter(text => text !== undefined).join(', '),
      ]),
      Math.max(call.terminal.columns, 140),
    ),
  )
}

/** `12 witnessed 4s ago`; undefined where no witness is asked. */
export function witnessedWords({ witnessed }: LogHead): string | undefined {
  if (witnessed === undefined) return undefined
  const { size, age_ms, failing } = witnessed
  const which = failing.length === 0 ? '' : ` (failing: ${failing.map(one => one.witness).join(', ')})`
  return `${size === 0 ? 'not witnessed yet' : `${size} witnessed ${span(age_ms)} ago`}${which}`
}
