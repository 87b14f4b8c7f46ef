import { Fault } from '../../kernel/faults.ts'
import type { Call, Define } from '../call.ts'

interface Options {
  readonly organisation: string
  readonly owner: readonly string[]
  readonly needed?: string
  readonly shares: string
  readonly threshold: string
}

export const init: Define = (command, run) => {
  command
    .argument('[folder]', 'where to; it must not hold a configuration yet', '.')
    .requiredOption('-o, --organisation <name>', 'short name, such as acme; part of the name of the logs')
    .requiredOption('--owner <handle...>', 'who accepts procedures; two or more can check each other')
    .option('--needed <n>', 'how many owners must accept (default: two, or the only one)')
    .option('--shares <n>', 'into how many recovery shares the vault key is split', '5')
    .option('--threshold <n>', 'how many of them rebuild it', '3')
    .addHelpText('after', '\nExample:\n  breakglass init acme --organisation acme --owner ana ben')
    .action(run(initFolder))
}

async function initFolder(call: Call, folder: string, options: Options): Promise<void> {
  const done = await call.local.init({
    folder,
    organisation: options.organisation,
    owners: options.owner,
    ...(options.needed !== undefined && { needed: count(options.needed) }),
    shares: { count: count(options.shares), threshold: count(options.threshold) },
  })
  const { terminal } = call
  call.answer(done, () => [
    `Written to ${done.folder}:`,
    ...done.files.map(file => `  ${file}`),
    '',
    terminal.paint(
      'bold',
      `Recovery shares of the vault key. Any ${done.threshold} of them rebuild it; they are shown only now and kept nowhere.`,
    ),
    'Give each to another person, on paper:',
    ...done.shares.map(share => `  ${share}`),
    '',
    'Next:',
    `  breakglass policy check ${done.folder}     the procedures fit the configuration`,
    `  breakglass policy test ${done.folder}      their tests pass`,
    `  breakglass start ${done.folder}            prints a one-time link for each owner`,
  ])
}

function count(text: string): number {
  if (!/^\d{1,3}$/.test(text))
    throw new Fault('input.invalid', `${JSON.stringify(text)} is no number.`, {
      next: 'Give a small whole number.',
    })
  return Number(text)
}
