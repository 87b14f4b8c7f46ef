import { Fault } from '../../kernel/faults.ts'
import { type Call, type Define, EXIT } from '../call.ts'
import type { VerifyProgress } from '../local.ts'
import { span } from '../times.ts'
import { verifyProofFiles } from '../verify-proof.ts'

interface Options {
  readonly proof?: string
  readonly entry?: string
  readonly policy?: string
  readonly progress?: true
}

export const ledgerVerify: Define = (command, run) => {
  command
    .argument('[data]', 'the data folder, or the configuration folder that names it', '.')
    .option('--proof <file>', 'one proof instead of a folder (C2SP tlog-proof); with --entry and --policy')
    .option('--entry <file>', 'the exact bytes of the entry it is for')
    .option('--policy <file>', 'the logs and witnesses you trust (C2SP tlog-policy)')
    .option(
      '--progress',
      'how far it is, how fast, and how long it still takes, also where nobody looks (stderr)',
    )
    .addHelpText(
      'after',
      '\nReads every log, what the signer remembers and the vault again; works offline and changes nothing.\nWith --proof it judges one proof from three files: no server, no configuration.\nExit: 0 nothing found, or proven; 1 something is wrong, or not proven: what it is, is printed.',
    )
    .action(run(verify))
}

async function verify(
  call: Call,
  data: string,
  { proof, entry, policy, progress }: Options,
): Promise<number> {
  if (proof !== undefined || entry !== undefined || policy !== undefined) {
    if (proof === undefined || entry === undefined || policy === undefined)
      throw new Fault('input.invalid', 'A proof is verified with all of --proof, --entry and --policy.', {
        next: 'Give the missing ones: the entry by `breakglass ledger entry N -o FILE`, the policy by whom you trust.',
      })
    return verifyProofFiles(call, { proof, entry, policy })
  }
  const { terminal } = call
  const began = Date.now()
  const show = ({ part, entries, total }: VerifyProgress): void => {
    const rate = entries / Math.max(0.001, (Date.now() - began) / 1000)
    const rest = total > entries && rate > 0 ? `, ${span(((total - entries) / rate) * 1000)} left` : ''
    terminal.status(`${part}: ${entries} of ${total} entries, ${Math.round(rate)}/s${rest}`)
  }
  const done = await call.local.verify(
    data,
    terminal.interactive || progress === true ? show : () => undefined,
  )
  terminal.status(undefined)
  const ok = done.findings.length === 0
  call.answer({ ok, ...done }, () => [
    ...done.logs.flatMap(({ log, size, root, vkeys, trust }) => [
      `log ${log}: ${size} entries, root ${root}`,
      ...vkeys.map(
        vkey =>
          `  key ${vkey}${trust === 'itself' ? ' (as the log itself says: compare it with one you keep)' : ''}`,
      ),
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
