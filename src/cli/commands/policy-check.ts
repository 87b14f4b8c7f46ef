import { loadProcedures } from '../../policy/load.ts'
import { problemText } from '../../policy/problem.ts'
import { type Call, type Define, EXIT } from '../call.ts'

export const policyCheck: Define = (command, run) => {
  command
    .argument('[folder]', 'the configuration folder', '.')
    .addHelpText('after', '\nWorks offline; needs no secrets. Exit: 0 valid, 1 not.')
    .action(run(check))
}

async function check(call: Call, folder: string): Promise<number> {
  const { files, known } = await call.local.procedures(folder)
  const result = loadProcedures(files, known)
  if (!result.ok) {
    call.answer(result, () => [
      ...result.problems.map(problemText),
      `${result.problems.length} ${result.problems.length === 1 ? 'problem' : 'problems'}; the set would be refused.`,
    ])
    return EXIT.refused
  }
  const { digest, procedures } = result.set
  const names = [...procedures.keys()]
  call.answer({ ok: true, digest, procedures: names }, () => [
    `${names.length} ${names.length === 1 ? 'procedure is' : 'procedures are'} valid: ${names.join(', ')}`,
    `digest ${digest}`,
  ])
  return EXIT.done
}
