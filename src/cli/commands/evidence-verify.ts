import { Fault } from '../../kernel/faults.ts'
import { openFileSource } from '../../ledger/bundle/file-source.ts'
import { verifyBundle } from '../../ledger/bundle/verify-bundle.ts'
import { type Call, type Define, EXIT } from '../call.ts'
import { policyIn } from '../policy-in.ts'
import { verdictLines } from '../verdict-lines.ts'
import { span } from '../times.ts'

export const evidenceVerify: Define = (command, run) => {
  command
    .argument('<file>', 'the bundle')
    .requiredOption('--policy <file>', 'whose keys you believe (c2sp.org/tlog-policy)')
    .addHelpText(
      'after',
      '\nWorks offline, without a server or a configuration. Nothing in the bundle is believed because the\nbundle says so. Exit: 0 it holds and is complete, 1 something in it is wrong, 4 it holds but is not complete.',
    )
    .action(run(verify))
}

async function verify(call: Call, file: string, { policy }: { readonly policy: string }): Promise<number> {
  const { terminal } = call
  const trusted = policyIn(policy)
  const source = await openFileSource(file).catch((cause: Error) => {
    throw unreadable(file, cause)
  })
  const began = performance.now()
  try {
    const verdict = await verifyBundle(source, trusted, ({ entries, bytes, total }) => {
      if (!terminal.interactive) return
      const ms = performance.now() - began
      const left = span(((total - bytes) / Math.max(1, bytes)) * ms)
      terminal.status(`${entries} entries, ${Math.round((entries / Math.max(1, ms)) * 1000)}/s, ${left} left`)
    })
    terminal.status(undefined)
    call.answer(verdict, () => verdictLines(verdict, terminal))
    return { holds: EXIT.done, broken: EXIT.refused, incomplete: EXIT.pending }[verdict.outcome]
  } finally {
    await source.close()
  }
}

function unreadable(file: string, cause: Error): Fault {
  return new Fault('input.invalid', `${file} cannot be read: ${cause.message}.`, {
    next: 'Give the name of a file that is there.',
    cause,
  })
}
