import { loadProcedures } from '../../policy/load.ts'
import { problemText } from '../../policy/problem.ts'
import { runTests } from '../../policy/run-tests.ts'
import { type Call, type Define, EXIT } from '../call.ts'
import { plain } from '../terminal.ts'

export const policyTest: Define = (command, run) => {
  command
    .argument('[folder]', 'the configuration folder', '.')
    .addHelpText('after', '\nRuns every *.test.yaml, offline. Exit: 0 all pass, 1 not.')
    .action(run(test))
}

async function test(call: Call, folder: string): Promise<number> {
  const { files, known } = await call.local.procedures(folder)
  const loaded = loadProcedures(files, known)
  if (!loaded.ok) {
    call.answer(loaded, () => [
      ...loaded.problems.map(problemText),
      'The procedures themselves are not valid; no test was run.',
    ])
    return EXIT.refused
  }
  const tests = files.filter(({ path }) => /\.test\.ya?ml$/.test(path))
  const { results, problems } = runTests(loaded.set, tests, known)
  const failed = results.filter(({ passed }) => !passed)
  const { terminal } = call
  call.answer({ ok: failed.length === 0 && problems.length === 0, results, problems }, () => [
    ...results.flatMap(({ file, line, column, case: name, passed, wrong, steps }) =>
      passed
        ? [`${terminal.paint('green', 'pass')}  ${plain(name)}`]
        : [
            `${terminal.paint('red', 'FAIL')}  ${plain(name)}  (${file}:${line}:${column})`,
            ...wrong.map(what => `        ${plain(what)}`),
            ...steps.map(
              ({ procedure, rule, ok, why }) =>
                `        ${ok ? 'yes' : 'no '}  ${procedure} ${rule}: ${plain(why)}`,
            ),
          ],
    ),
    ...problems.map(problemText),
    results.length === 0
      ? 'There are no tests; write procedures/NAME.test.yaml.'
      : `${results.length - failed.length} of ${results.length} pass.`,
  ])
  return failed.length === 0 && problems.length === 0 ? EXIT.done : EXIT.refused
}
