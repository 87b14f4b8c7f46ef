import { Command, CommanderError } from 'commander'
import { Fault, FAULTS } from '../kernel/faults.ts'
import { type CallOptions, EXIT, newCall, type Run } from './call.ts'
import { chosen, COMMANDS } from './commands.ts'
import type { LocalCommands } from './local.ts'
import { plain, type Terminal } from './terminal.ts'

/** Runs one command line; resolves with the exit code and never throws. `args` without the program's own words. */
export async function runCli(
  args: readonly string[],
  terminal: Terminal,
  local: LocalCommands,
  version: string,
): Promise<number> {
  let code: number = EXIT.done
  let json = false
  const run: Run =
    handler =>
    async (...given) => {
      const command = given.at(-1) as Command
      const options = command.opts<CallOptions>()
      json = options.json === true
      code =
        (await handler(
          newCall(terminal, local, version, COMMANDS, options),
          ...(given.slice(0, -1) as never),
        )) ?? EXIT.done
    }
  try {
    const program = newProgram(terminal, version)
    await describe(program, args, run)
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    terminal.status(undefined)
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    return report(error, terminal, json || args.includes('--json'))
  }
}

function newProgram(terminal: Terminal, version: string): Command {
  const program = new Command('breakglass')
  program
    .description(
      'Emergency access to production: fast for the right person, narrow, short, watched, provable, reviewed.',
    )
    .version(version, '-V, --version')
    .helpCommand(false)
    .showSuggestionAfterError()
    .showHelpAfterError('Run it with --help to see how it is used.')
    .configureHelp({
      helpWidth: Math.min(terminal.columns, 100),
      commandUsage: command => `${pathOf(command)} ${command.usage()}`,
    })
    .configureOutput({
      writeOut: text => terminal.out(text.trimEnd()),
      writeErr: text => terminal.say(text.trimEnd()),
    })
    .exitOverride()
  return program
}

/** Only the command that was typed is loaded and described in full; the others are named for help and suggestions. */
async function describe(program: Command, args: readonly string[], run: Run): Promise<void> {
  const typed = chosen(args)
  const made = new Map<string, Command>()
  for (const { words, summary, group } of COMMANDS) {
    const [first = '', second] = words.split(' ')
    let parent = program
    if (second !== undefined) {
      parent =
        made.get(first) ??
        program.command(first).summary(`${first} …`).description(first).helpGroup(`${group}:`)
      made.set(first, parent)
    }
    const command = parent
      .command(second ?? first)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    if (second === undefined) {
      command.helpGroup(`${group}:`)
      made.set(first, command)
    }
    made.set(words, command)
  }
  for (const [words, command] of made) {
    const subs = COMMANDS.filter(entry => entry.words.startsWith(`${words} `)).map(
      entry => entry.words.split(' ')[1],
    )
    if (subs.length > 0)
      command.summary(
        subs.length > 0 && !COMMANDS.some(entry => entry.words === words)
          ? subs.join(', ')
          : `${command.summary()}; ${subs.join(', ')}`,
      )
  }
  const command = typed && made.get(typed.words)
  if (!command) return
  const define = await typed.load()
  define(command, run)
  command
    .option('--json', 'print the result as JSON (times in UTC)')
    .option('--url <url>', 'the server (or BREAKGLASS_URL)')
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** What happened and what to do next; an unforeseen error says that it is ours. */
function report(error: unknown, terminal: Terminal, json: boolean): number {
  const fault =
    error instanceof Fault
      ? error
      : new Fault(
          'internal',
          `Something unforeseen happened: ${error instanceof Error ? error.message : String(error)}`,
          { next: 'Please report it.', cause: error },
        )
  const { code, message, next, facts } = fault
  if (json)
    terminal.out(
      JSON.stringify({ error: { code, message, ...(next !== undefined && { next }), facts } }, null, 2),
    )
  else {
    terminal.say(`${terminal.paint('red', 'breakglass:')} ${plain(message)}`)
    if (next !== undefined) terminal.say(`  ${plain(next)}`)
  }
  return FAULTS[code].exit
}
