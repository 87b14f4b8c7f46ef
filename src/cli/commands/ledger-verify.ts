import { type Call, type Define, EXIT } from '../call.ts'
import type { VerifyProgress } from '../local.ts'
import { span } from '../times.ts'

export const ledgerVerify: Define = (command, run) => {
  command
    .argument('[data]', 'the data folder, or the configuration folder that names it', '.')
    .addHelpText(
      'after',
      '\nReads every log, what the signer remembers and the vault again; works offline and changes nothing.\nExit: 0 nothing found, 1 something is wrong: file and entry are printed.',
    )
    .action(run(verify))
}

async function verify(call: Call, data: string): Promise<number> {
  const { terminal } = call
  const began = Date.now()
  const show = ({ part, entries, total }: VerifyProgress): void => {
    const rate = entries / Math.max(0.001, (Date.now() - began) / 1000)
    const rest = total > entries && rate > 0 ? `, ${span(((total - entries) / rate) * 1000)} left` : ''
    terminal.status(`${part}: ${entries} of ${total} entries, ${Math.round(rate)}/s${rest}`)
  }
  const done = await call.local.verify(data, terminal.interactive ? show : () => undefined)
  terminal.status(undefined)
  const ok = done.findings.length === 0
  call.answer({ ok, ...done }, () => [
    ...done.logs.flatMap(({ log, size, root, vkey, trust }) => [
      `log ${log}: ${size} entries, root ${root}`,
      `  key ${vkey}${trust === 'itself' ? ' (as the log itself says: compare it with one you keep)' : ''}`,
    ]),
    done.vault ? 'vault: every record opens' : 'vault: not opened, its key is not here',
    ...done.findings.map(({ file, index, what }) =>
      terminal.paint('red', `${file}${index === undefined ? '' : `, entry ${index}`}: ${what}`),
    ),
    ok
      ? 'Everything agrees.'
      : `${done.findings.length} ${done.findings.length === 1 ? 'finding' : 'findings'}. Keep this folder as it is and compare it with a copy.`,
  ])
  return ok ? EXIT.done : EXIT.refused
}
